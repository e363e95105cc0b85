-- Mapping of AWS Cost and Usage Reports, legacy and 2.0, with split cost
-- allocation.  Names of both fold to the same: lineItem/UnblendedCost and
-- line_item_unblended_cost.

INSERT INTO focus_mappings (mapping, provider, detect, records, leave_out, reject, description, lacks, shipped) VALUES
('aws-cur', 'AWS', '{lineitemunblendedcost lineitemlineitemtype billbillingperiodstartdate}',
$$
	-- A line of split cost allocation is a part of the instance that it names,
	-- and bills nothing itself.
	WITH part AS MATERIALIZED
	(
		SELECT file, line, record, cells,
			cells ->> 'lineitemusageaccountid' AS account,
			@extschema@.focus_instant(cells ->> 'lineitemusagestartdate') AS begins,
			regexp_replace(cells ->> 'splitlineitemparentresourceid', '^.*/', '') AS instance,
			coalesce(@extschema@.focus_number(cells ->> 'lineitemunblendedcost'), 0) <> 0 AS is_billed,
			coalesce(@extschema@.focus_number(cells ->> 'splitlineitemsplitcost'), 0) AS weight
		FROM raw WHERE cells ? 'splitlineitemparentresourceid'
	),
	instance AS
	(
		SELECT account, begins, instance, sum(weight) AS weight
		FROM part GROUP BY account, begins, instance
		HAVING bool_and(weight >= 0 AND weight < 'NaN' AND NOT is_billed)
	),
	charge AS NOT MATERIALIZED
	(
		SELECT file, line, record, cells,
			@extschema@.focus_number(cells ->> 'lineitemunblendedcost') AS billed,
			CASE cells ->> 'lineitemlineitemtype'
				WHEN 'DiscountedUsage' THEN @extschema@.focus_number(coalesce(cells ->> 'reservationeffectivecost', cells ->> 'lineitemunblendedcost'))
				WHEN 'SavingsPlanCoveredUsage' THEN @extschema@.focus_number(coalesce(cells ->> 'savingsplansavingsplaneffectivecost', cells ->> 'lineitemunblendedcost'))
				WHEN 'SavingsPlanNegation' THEN 0
				WHEN 'SavingsPlanUpfrontFee' THEN 0
				WHEN 'SavingsPlanRecurringFee' THEN coalesce(
					@extschema@.focus_number(cells ->> 'savingsplantotalcommitmenttodate') - @extschema@.focus_number(cells ->> 'savingsplanusedcommitment'),
					@extschema@.focus_number(cells ->> 'lineitemunblendedcost'))
				WHEN 'RIFee' THEN coalesce(
					coalesce(@extschema@.focus_number(cells ->> 'reservationunusedamortizedupfrontfeeforbillingperiod'), 0) +
					@extschema@.focus_number(cells ->> 'reservationunusedrecurringfee'),
					@extschema@.focus_number(cells ->> 'lineitemunblendedcost'))
				WHEN 'Fee' THEN CASE WHEN cells ? 'reservationreservationarn' THEN 0 ELSE @extschema@.focus_number(cells ->> 'lineitemunblendedcost') END
				ELSE @extschema@.focus_number(cells ->> 'lineitemunblendedcost') END AS effective,
			CASE WHEN cells ->> 'lineitemlineitemtype' IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
				THEN @extschema@.focus_number(coalesce(cells ->> 'pricingpublicondemandcost', cells ->> 'lineitemunblendedcost'))
				WHEN cells ->> 'lineitemlineitemtype' = 'SavingsPlanNegation' THEN 0
				ELSE @extschema@.focus_number(cells ->> 'lineitemunblendedcost') END AS listed,
			CASE cells ->> 'lineitemlineitemtype'
				WHEN 'DiscountedUsage' THEN @extschema@.focus_number(coalesce(cells ->> 'pricingpublicondemandcost', cells ->> 'lineitemunblendedcost'))
				WHEN 'SavingsPlanNegation' THEN 0
				ELSE @extschema@.focus_number(cells ->> 'lineitemunblendedcost') END AS contracted,
			@extschema@.focus_number(cells ->> 'lineitemusageamount') AS quantity
		FROM raw WHERE NOT cells ? 'splitlineitemparentresourceid'
	),
	-- Instance hours, covered by a commitment or not, are what parts stand for.
	origin AS MATERIALIZED
	(
		SELECT c.*, i.account, i.begins, i.instance, i.weight AS parts_weight,
			sum(c.effective) OVER (PARTITION BY i.account, i.begins, i.instance) AS total
		FROM charge AS c
		JOIN instance AS i ON i.instance = regexp_replace(c.cells ->> 'lineitemresourceid', '^.*/', '')
			AND i.account = c.cells ->> 'lineitemusageaccountid'
			AND i.begins = @extschema@.focus_instant(c.cells ->> 'lineitemusagestartdate')
		WHERE c.cells ->> 'lineitemlineitemtype' IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
		AND c.cells ->> 'lineitemusagetype' ~ '(Box|Spot|Dedicated)Usage'
		AND c.effective >= 0 AND c.effective < 'NaN' AND coalesce(c.billed, 0) < 'NaN'
		AND coalesce(c.listed, 0) < 'NaN' AND coalesce(c.contracted, 0) < 'NaN' AND coalesce(c.quantity, 0) < 'NaN'
	),
	-- The parts of each, and what no part takes: the unused share of it.
	share AS
	(
		SELECT o.file AS origin_file, o.line AS origin_line, p.file, p.line, p.record, p.cells AS part, p.weight,
			o.cells, o.record AS sent, o.billed, o.effective, o.listed, o.contracted, o.quantity
		FROM origin AS o JOIN part AS p USING (account, begins, instance)
		UNION ALL
		SELECT o.file, o.line, o.file, o.line, o.record, '{}', o.total - o.parts_weight,
			o.cells, o.record, o.billed, o.effective, o.listed, o.contracted, o.quantity
		FROM origin AS o WHERE o.total > o.parts_weight
	)
	SELECT c.file, c.line, c.record, c.cells, c.record AS sent, NULL::jsonb AS part, NULL::numeric AS ratio,
		c.billed, c.effective, c.listed, c.contracted, c.quantity,
		CASE WHEN o.line IS NOT NULL THEN 'charge replaced by its split parts' END AS is_origin, NULL AS fault
	FROM charge AS c LEFT JOIN origin AS o ON o.file = c.file AND o.line = c.line
	UNION ALL
	SELECT s.file, s.line, s.record, s.cells, s.sent, s.part, trim_scale(@extschema@.focus_share(1, s.weight, 18) OVER origin),
		trim_scale(@extschema@.focus_share(s.billed, s.weight, greatest(scale(s.billed), 18)) OVER origin),
		trim_scale(@extschema@.focus_share(s.effective, s.weight, greatest(scale(s.effective), 18)) OVER origin),
		trim_scale(@extschema@.focus_share(s.listed, s.weight, greatest(scale(s.listed), 18)) OVER origin),
		trim_scale(@extschema@.focus_share(s.contracted, s.weight, greatest(scale(s.contracted), 18)) OVER origin),
		trim_scale(@extschema@.focus_share(s.quantity, s.weight, greatest(scale(s.quantity), 18)) OVER origin),
		NULL, NULL
	FROM share AS s
	WINDOW origin AS (PARTITION BY s.origin_file, s.origin_line ORDER BY s.part = '{}', s.file, s.line)
	UNION ALL
	SELECT p.file, p.line, p.record, p.cells, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
		CASE WHEN p.is_billed THEN 'split line with an unblended cost of its own'
			ELSE 'split line without an amount, or without the charge of "' || p.instance || '" in the delivery' END
	FROM part AS p
	WHERE NOT EXISTS (SELECT FROM origin AS o
		WHERE o.account = p.account AND o.begins = p.begins AND o.instance = p.instance)
$$,
	'is_origin', 'fault',
'AWS Cost and Usage Report, legacy CSV and CUR 2.0, with split cost allocation of ECS and EKS.',
'ServiceCategory, ServiceSubcategory, SkuMeter, SkuPriceDetails, ResourceName, CapacityReservationId and -Status, CommitmentDiscountName, -Quantity and -Unit, ContractApplied; BillingAccountName and SubAccountName before CUR 2.0; ChargeFrequency of tax, credits and discounts. ContractedCost of usage covered by a reservation is its list cost. Rows of a commitment that say how much of it went unused stay Purchase, with that as EffectiveCost; a SavingsPlanNegation stays a row.',
true);

INSERT INTO focus_mapping_columns (mapping, columnname, expression) VALUES
('aws-cur', 'AllocatedMethodId', $$CASE WHEN part IS NOT NULL THEN 'AWS Split Cost Allocation Data' END$$),
('aws-cur', 'AllocatedMethodDetails', $$CASE WHEN part IS NOT NULL THEN
	jsonb_build_object('Elements', jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('AllocatedRatio', ratio,
		'UsageUnit', substring(part ->> 'lineitemusagetype' FROM '[A-Za-z]+-Hours$'),
		'UsageQuantity', CASE WHEN part ->> 'lineitemusagetype' ~ '[A-Za-z]+-Hours$'
			THEN NULLIF(@extschema@.focus_number(part ->> 'splitlineitemsplitusage'), 'NaN') END)))) END$$),
('aws-cur', 'AllocatedResourceId', $$part ->> 'lineitemresourceid'$$),
('aws-cur', 'AllocatedResourceName', $$coalesce(substring(part ->> 'lineitemresourceid' FROM ':pod/[^/]+/([^/]+/[^/]+)'), part ->> 'lineitemresourceid')$$),
('aws-cur', 'AllocatedTags', $$CASE WHEN part <> '{}' THEN
	(SELECT jsonb_object_agg(regexp_replace(t.key, '^(resourceTags/)?(user:|user_)?', ''), t.value)
	 FROM jsonb_each_text(CASE WHEN jsonb_typeof(part -> 'resourcetags') = 'object' THEN part -> 'resourcetags'
		ELSE @extschema@.focus_members(record, 'resourceTags/') END) AS t) END$$),
('aws-cur', 'AvailabilityZone', $$cells ->> 'lineitemavailabilityzone'$$),
('aws-cur', 'BilledCost', $$billed$$),
('aws-cur', 'BillingAccountId', $$cells ->> 'billpayeraccountid'$$),
('aws-cur', 'BillingAccountName', $$cells ->> 'billpayeraccountname'$$),
('aws-cur', 'BillingAccountType', $$'Payer account'$$),
('aws-cur', 'BillingCurrency', $$cells ->> 'lineitemcurrencycode'$$),
('aws-cur', 'BillingPeriodEnd', $$cells ->> 'billbillingperiodenddate'$$),
('aws-cur', 'BillingPeriodStart', $$cells ->> 'billbillingperiodstartdate'$$),
('aws-cur', 'ChargeCategory', $$CASE
	WHEN cells ->> 'lineitemlineitemtype' IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation') THEN 'Usage'
	WHEN cells ->> 'lineitemlineitemtype' IN ('Fee', 'RIFee', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee') THEN 'Purchase'
	WHEN cells ->> 'lineitemlineitemtype' IN ('Tax', 'Credit') THEN cells ->> 'lineitemlineitemtype'
	ELSE 'Adjustment' END$$),
('aws-cur', 'ChargeClass', $$CASE WHEN cells ->> 'lineitemlineitemtype' = 'Refund' THEN 'Correction' END$$),
('aws-cur', 'ChargeDescription', $$cells ->> 'lineitemlineitemdescription'$$),
('aws-cur', 'ChargeFrequency', $$CASE
	WHEN cells ->> 'lineitemlineitemtype' IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'SavingsPlanNegation') THEN 'Usage-Based'
	WHEN cells ->> 'lineitemlineitemtype' IN ('RIFee', 'SavingsPlanRecurringFee') THEN 'Recurring'
	WHEN cells ->> 'lineitemlineitemtype' IN ('Fee', 'SavingsPlanUpfrontFee') THEN 'One-Time' END$$),
('aws-cur', 'ChargePeriodEnd', $$cells ->> 'lineitemusageenddate'$$),
('aws-cur', 'ChargePeriodStart', $$cells ->> 'lineitemusagestartdate'$$),
('aws-cur', 'CommitmentDiscountCategory', $$CASE WHEN cells ? 'savingsplansavingsplanarn' THEN 'Spend'
	WHEN cells ? 'reservationreservationarn' THEN 'Usage' END$$),
('aws-cur', 'CommitmentDiscountId', $$coalesce(cells ->> 'savingsplansavingsplanarn', cells ->> 'reservationreservationarn')$$),
('aws-cur', 'CommitmentDiscountStatus', $$CASE WHEN cells ->> 'lineitemlineitemtype' IN ('DiscountedUsage', 'SavingsPlanCoveredUsage')
	AND (cells ? 'savingsplansavingsplanarn' OR cells ? 'reservationreservationarn') THEN 'Used' END$$),
('aws-cur', 'CommitmentDiscountType', $$CASE WHEN cells ? 'savingsplansavingsplanarn' THEN 'Savings Plan'
	WHEN cells ? 'reservationreservationarn' THEN 'Reserved Instance' END$$),
('aws-cur', 'ConsumedQuantity', $$CASE WHEN cells ->> 'lineitemlineitemtype' IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') THEN quantity END$$),
('aws-cur', 'ConsumedUnit', $$CASE WHEN cells ->> 'lineitemlineitemtype' IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
	AND quantity IS NOT NULL THEN cells ->> 'pricingunit' END$$),
('aws-cur', 'ContractedCost', $$contracted$$),
('aws-cur', 'ContractedUnitPrice', $$CASE WHEN cells ->> 'lineitemlineitemtype' IN ('Usage', 'SavingsPlanCoveredUsage') THEN cells ->> 'lineitemunblendedrate' END$$),
('aws-cur', 'EffectiveCost', $$effective$$),
('aws-cur', 'HostProviderName', $$CASE WHEN cells ->> 'billbillingentity' LIKE 'AWS Marketplace%' THEN NULL ELSE 'AWS' END$$),
('aws-cur', 'InvoiceId', $$cells ->> 'billinvoiceid'$$),
('aws-cur', 'InvoiceIssuerName', $$coalesce(cells ->> 'billinvoicingentity', 'Amazon Web Services')$$),
('aws-cur', 'ListCost', $$listed$$),
('aws-cur', 'ListUnitPrice', $$CASE WHEN cells ->> 'lineitemlineitemtype' IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') THEN cells ->> 'pricingpublicondemandrate' END$$),
('aws-cur', 'PricingCategory', $$CASE
	WHEN cells ->> 'lineitemlineitemtype' IN ('DiscountedUsage', 'SavingsPlanCoveredUsage') THEN 'Committed'
	WHEN cells ->> 'lineitemusagetype' LIKE '%SpotUsage%' THEN 'Dynamic'
	WHEN cells ->> 'lineitemlineitemtype' IN ('Usage', 'Fee', 'RIFee', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee') THEN 'Standard' END$$),
('aws-cur', 'PricingCurrency', $$coalesce(cells ->> 'pricingcurrency', cells ->> 'lineitemcurrencycode')$$),
('aws-cur', 'PricingQuantity', $$CASE WHEN cells ->> 'lineitemlineitemtype' IN ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage',
	'Fee', 'RIFee', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee') THEN quantity END$$),
('aws-cur', 'PricingUnit', $$CASE WHEN quantity IS NOT NULL AND cells ->> 'lineitemlineitemtype' IN ('Usage', 'DiscountedUsage',
	'SavingsPlanCoveredUsage', 'Fee', 'RIFee', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee') THEN cells ->> 'pricingunit' END$$),
('aws-cur', 'ProviderName', $$'AWS'$$),
('aws-cur', 'PublisherName', $$coalesce(cells ->> 'lineitemlegalentity', cells ->> 'billbillingentity')$$),
('aws-cur', 'RegionId', $$coalesce(cells ->> 'productregioncode', cells ->> 'productregion', cells -> 'product' ->> 'region')$$),
('aws-cur', 'RegionName', $$coalesce(cells ->> 'productlocation', cells -> 'product' ->> 'location')$$),
('aws-cur', 'ResourceId', $$cells ->> 'lineitemresourceid'$$),
('aws-cur', 'ResourceType', $$coalesce(cells ->> 'productproductfamily', cells -> 'product' ->> 'product_family')$$),
('aws-cur', 'ServiceName', $$coalesce(cells ->> 'productproductname', cells -> 'product' ->> 'product_name', cells ->> 'productservicename', cells ->> 'lineitemproductcode')$$),
('aws-cur', 'SkuId', $$coalesce(cells ->> 'productsku', cells -> 'product' ->> 'sku')$$),
('aws-cur', 'SkuPriceId', $$cells ->> 'pricingratecode'$$),
('aws-cur', 'SubAccountId', $$cells ->> 'lineitemusageaccountid'$$),
('aws-cur', 'SubAccountName', $$cells ->> 'lineitemusageaccountname'$$),
('aws-cur', 'SubAccountType', $$'Account'$$),
('aws-cur', 'Tags', $$CASE WHEN jsonb_typeof(cells -> 'resourcetags') = 'object' OR @extschema@.focus_members(sent, 'resourceTags/') IS NOT NULL THEN
	(SELECT jsonb_object_agg(regexp_replace(t.key, '^(resourceTags/)?(user:|user_)?', ''), t.value)
	 FROM jsonb_each_text(CASE WHEN jsonb_typeof(cells -> 'resourcetags') = 'object' THEN cells -> 'resourcetags'
		ELSE @extschema@.focus_members(sent, 'resourceTags/') END) AS t) END$$);
