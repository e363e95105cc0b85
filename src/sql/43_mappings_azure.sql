-- Mapping of Microsoft's own cost exports: EA, MCA and pay-as-you-go, actual
-- and amortised.  Their columns go by several names.

INSERT INTO focus_mappings (mapping, provider, detect, records, reject, description, lacks, shipped) VALUES
('azure-cost', 'Microsoft',
'{costinbillingcurrency metercategory,pretaxcost metercategory,cost metercategory billingcurrency}',
$$
	SELECT file, line, record, cells,
		coalesce(cells ->> 'costinbillingcurrency', cells ->> 'pretaxcost', cells ->> 'cost') AS cost,
		coalesce(cells ->> 'date', cells ->> 'usagedatetime', cells ->> 'usagedate') AS day,
		coalesce(cells ->> 'chargetype', 'Usage') AS charge,
		coalesce(cells ->> 'quantity', cells ->> 'usagequantity') AS quantity,
		coalesce(cells ->> 'benefitid', cells ->> 'reservationid') AS commitment,
		coalesce(@extschema@.focus_number(cells ->> 'exchangeratepricingtobilling'), 1) AS rate,
		-- usage that a commitment pays for, and what of one was not used
		(coalesce(cells ->> 'chargetype', 'Usage') LIKE 'Unused%' OR
		 (coalesce(cells ->> 'chargetype', 'Usage') = 'Usage' AND
		  (coalesce(cells ->> 'pricingmodel', '') IN ('Reservation', 'SavingsPlan') OR cells ? 'reservationid'))) AS covered
	FROM raw
$$,
$$CASE WHEN cost IS NULL THEN 'row has no cost' END$$,
'Cost export of Microsoft Azure that is not FOCUS: EA, MCA and pay-as-you-go, actual or amortised cost.',
'EffectiveCost of usage that a commitment covers, of a file of actual cost, and BilledCost of commitments, of one of amortised cost. ServiceSubcategory, SkuPriceDetails, AvailabilityZone of most rows, CapacityReservationId and -Status, CommitmentDiscountQuantity and -Unit, ContractApplied; BillingAccountId and BillingCurrency of files that lack them.',
true);

INSERT INTO focus_mapping_columns (mapping, columnname, expression) VALUES
('azure-cost', 'AvailabilityZone', $$cells ->> 'availabilityzone'$$),
('azure-cost', 'BilledCost', $$CASE WHEN covered THEN '0' ELSE cost END$$),
('azure-cost', 'BillingAccountId', $$cells ->> 'billingaccountid'$$),
('azure-cost', 'BillingAccountName', $$cells ->> 'billingaccountname'$$),
('azure-cost', 'BillingAccountType', $$CASE WHEN cells ? 'billingaccountid' THEN 'Billing Account' END$$),
('azure-cost', 'BillingCurrency', $$coalesce(cells ->> 'billingcurrency', cells ->> 'billingcurrencycode', cells ->> 'currency')$$),
('azure-cost', 'BillingPeriodEnd', $$coalesce(@extschema@.focus_instant(cells ->> 'billingperiodenddate') + interval '1 day',
	date_trunc('month', coalesce(@extschema@.focus_instant(cells ->> 'billingperiodstartdate'), @extschema@.focus_instant(day))) + interval '1 month')$$),
('azure-cost', 'BillingPeriodStart', $$coalesce(@extschema@.focus_instant(cells ->> 'billingperiodstartdate'), date_trunc('month', @extschema@.focus_instant(day)))$$),
('azure-cost', 'ChargeCategory', $$CASE WHEN charge = 'Usage' OR charge LIKE 'Unused%' THEN 'Usage'
	WHEN charge IN ('Purchase', 'Tax', 'Credit') THEN charge ELSE 'Adjustment' END$$),
('azure-cost', 'ChargeClass', $$CASE WHEN charge = 'Refund' THEN 'Correction' END$$),
('azure-cost', 'ChargeDescription', $$coalesce(cells ->> 'productname', cells ->> 'product', cells ->> 'metername')$$),
('azure-cost', 'ChargeFrequency', $$CASE cells ->> 'frequency' WHEN 'OneTime' THEN 'One-Time' WHEN 'UsageBased' THEN 'Usage-Based'
	ELSE coalesce(cells ->> 'frequency', CASE WHEN charge = 'Usage' THEN 'Usage-Based' END) END$$),
('azure-cost', 'ChargePeriodEnd', $$@extschema@.focus_instant(day) + interval '1 day'$$),
('azure-cost', 'ChargePeriodStart', $$day$$),
('azure-cost', 'CommitmentDiscountCategory', $$CASE WHEN commitment IS NULL THEN NULL
	WHEN cells ->> 'pricingmodel' = 'SavingsPlan' OR charge = 'UnusedSavingsPlan' OR commitment LIKE '%savingsPlan%' THEN 'Spend' ELSE 'Usage' END$$),
('azure-cost', 'CommitmentDiscountId', $$commitment$$),
('azure-cost', 'CommitmentDiscountName', $$coalesce(cells ->> 'benefitname', cells ->> 'reservationname')$$),
('azure-cost', 'CommitmentDiscountStatus', $$CASE WHEN commitment IS NULL THEN NULL
	WHEN charge LIKE 'Unused%' THEN 'Unused' WHEN covered THEN 'Used' END$$),
('azure-cost', 'CommitmentDiscountType', $$CASE WHEN commitment IS NULL THEN NULL
	WHEN cells ->> 'pricingmodel' = 'SavingsPlan' OR charge = 'UnusedSavingsPlan' OR commitment LIKE '%savingsPlan%' THEN 'Savings Plan' ELSE 'Reservation' END$$),
('azure-cost', 'ConsumedQuantity', $$CASE WHEN charge = 'Usage' THEN quantity END$$),
('azure-cost', 'ConsumedUnit', $$CASE WHEN charge = 'Usage' THEN cells ->> 'unitofmeasure' END$$),
('azure-cost', 'ContractedCost', $$CASE WHEN @extschema@.focus_number(cells ->> 'unitprice') <> 0 AND quantity IS NOT NULL
	THEN @extschema@.focus_number(cells ->> 'unitprice') * @extschema@.focus_number(quantity) * rate
	ELSE @extschema@.focus_number(cost) END$$),
('azure-cost', 'ContractedUnitPrice', $$cells ->> 'unitprice'$$),
('azure-cost', 'EffectiveCost', $$CASE WHEN charge = 'Purchase' AND commitment IS NOT NULL THEN '0' ELSE cost END$$),
('azure-cost', 'HostProviderName', $$CASE WHEN cells ->> 'publishertype' = 'Marketplace' THEN NULL ELSE 'Microsoft' END$$),
('azure-cost', 'InvoiceId', $$cells ->> 'invoiceid'$$),
('azure-cost', 'InvoiceIssuerName', $$coalesce(cells ->> 'partnername', 'Microsoft')$$),
('azure-cost', 'ListCost', $$CASE WHEN cells ? 'paygcostinbillingcurrency' THEN @extschema@.focus_number(cells ->> 'paygcostinbillingcurrency')
	WHEN @extschema@.focus_number(cells ->> 'paygprice') <> 0 AND quantity IS NOT NULL
	THEN @extschema@.focus_number(cells ->> 'paygprice') * @extschema@.focus_number(quantity) * rate
	WHEN @extschema@.focus_number(cells ->> 'unitprice') <> 0 AND quantity IS NOT NULL
	THEN @extschema@.focus_number(cells ->> 'unitprice') * @extschema@.focus_number(quantity) * rate
	ELSE @extschema@.focus_number(cost) END$$),
('azure-cost', 'ListUnitPrice', $$cells ->> 'paygprice'$$),
('azure-cost', 'PricingCategory', $$CASE WHEN covered THEN 'Committed' WHEN cells ->> 'pricingmodel' = 'Spot' THEN 'Dynamic'
	WHEN charge IN ('Usage', 'Purchase') THEN 'Standard' END$$),
('azure-cost', 'PricingCurrency', $$coalesce(cells ->> 'pricingcurrency', cells ->> 'pricingcurrencycode',
	cells ->> 'billingcurrency', cells ->> 'billingcurrencycode', cells ->> 'currency')$$),
('azure-cost', 'PricingQuantity', $$quantity$$),
('azure-cost', 'PricingUnit', $$cells ->> 'unitofmeasure'$$),
('azure-cost', 'ProviderName', $$'Microsoft'$$),
('azure-cost', 'PublisherName', $$coalesce(cells ->> 'publishername', cells ->> 'publishertype')$$),
('azure-cost', 'RegionId', $$coalesce(cells ->> 'resourcelocation', cells ->> 'resourcelocationnormalized')$$),
('azure-cost', 'RegionName', $$coalesce(cells ->> 'location', cells ->> 'meterregion')$$),
('azure-cost', 'ResourceId', $$coalesce(cells ->> 'resourceid', cells ->> 'instanceid')$$),
('azure-cost', 'ResourceName', $$coalesce(cells ->> 'resourcename', NULLIF(regexp_replace(coalesce(cells ->> 'resourceid', cells ->> 'instanceid'), '^.*/', ''), ''))$$),
('azure-cost', 'ResourceType', $$coalesce(cells ->> 'resourcetype', substring(coalesce(cells ->> 'resourceid', cells ->> 'instanceid') FROM '(?i)/providers/(?:.*/providers/)?([^/]+/[^/]+)/[^/]+$'))$$),
('azure-cost', 'ServiceCategory', $$CASE
	WHEN cells ->> 'servicefamily' IN ('Analytics', 'Compute', 'Databases', 'Developer Tools', 'Identity', 'Integration',
		'Internet of Things', 'Management and Governance', 'Networking', 'Security', 'Storage', 'Web') THEN cells ->> 'servicefamily'
	WHEN cells ->> 'servicefamily' = 'AI + Machine Learning' THEN 'AI and Machine Learning'
	WHEN cells ->> 'servicefamily' = 'Containers' THEN 'Compute'
	WHEN cells ? 'servicefamily' THEN 'Other' END$$),
('azure-cost', 'ServiceName', $$coalesce(cells ->> 'servicename', cells ->> 'metercategory')$$),
('azure-cost', 'SkuId', $$coalesce(cells ->> 'productid', cells ->> 'partnumber')$$),
('azure-cost', 'SkuMeter', $$cells ->> 'metername'$$),
('azure-cost', 'SkuPriceId', $$cells ->> 'meterid'$$),
('azure-cost', 'SubAccountId', $$coalesce(cells ->> 'subscriptionid', cells ->> 'subscriptionguid')$$),
('azure-cost', 'SubAccountName', $$cells ->> 'subscriptionname'$$),
('azure-cost', 'SubAccountType', $$'Subscription'$$),
('azure-cost', 'Tags', $$cells ->> 'tags'$$);
