-- Mappings of Google Cloud's detailed billing export and Oracle's cost reports.

INSERT INTO focus_mappings (mapping, provider, detect, records, reject, description, lacks, shipped) VALUES
('gcp-billing', 'Google Cloud',
'{billingaccountid skuid costtype usageamountinpricingunits,billingaccountid sku costtype amountinpricingunits}',
$$
	-- Structs of JSON become cells, named like the columns of CSV.
	SELECT r.file, r.line, r.record, c.cells, n.credits, n.unread
	FROM raw AS r,
	LATERAL (SELECT r.cells || coalesce(jsonb_object_agg(o.key || replace(i.key, '_', ''), i.value), '{}') AS cells
		FROM jsonb_each(r.cells) AS o, jsonb_each(CASE jsonb_typeof(o.value) WHEN 'object' THEN o.value ELSE '{}' END) AS i
		WHERE jsonb_typeof(i.value) <> 'null') AS c,
	-- Credits are an array of JSON, or what Python prints of one.
	LATERAL (SELECT coalesce(sum(@extschema@.focus_number(m.amount)), 0) AS credits,
			coalesce(c.cells ->> 'credits', '[]') ~ '^\[.*\{' AND count(m.amount) = 0 AS unread
		FROM (SELECT e ->> 'amount' AS amount FROM jsonb_array_elements(CASE jsonb_typeof(c.cells -> 'credits') WHEN 'array' THEN c.cells -> 'credits' ELSE '[]' END) AS e
			UNION ALL
			SELECT g[1] FROM regexp_matches(CASE jsonb_typeof(c.cells -> 'credits') WHEN 'array' THEN '' ELSE c.cells ->> 'credits' END,
				'[''"]amount[''"]\s*:\s*[''"]?([-+0-9.eE]+)', 'g') AS g) AS m) AS n
$$,
$$CASE WHEN NOT cells ? 'cost' THEN 'row has no cost' WHEN unread THEN 'credits cannot be read' END$$,
'Detailed or standard usage cost export of Google Cloud, rows of its BigQuery table as CSV or JSON.',
'ServiceCategory, ServiceSubcategory, PricingCategory, SkuMeter, SkuPriceDetails, CommitmentDiscount*, CapacityReservation*, ContractApplied, InvoiceId, BillingAccountName, unit prices.',
true),
('oci-cost', 'Oracle', '{lineitemreferenceno lineitemtenantid costmycost}', NULL,
$$CASE WHEN NOT cells ? 'costmycost' THEN 'row has no cost' END$$,
'Proprietary cost report of Oracle Cloud Infrastructure (reports/cost-csv).',
'ListCost and ListUnitPrice apart from the price paid; ServiceCategory, ServiceSubcategory, PricingCategory, SkuPriceId, SkuPriceDetails, CommitmentDiscount*, CapacityReservation*, ContractApplied, InvoiceId, BillingAccountName, ResourceName, RegionName.',
true);

INSERT INTO focus_mapping_columns (mapping, columnname, expression) VALUES
('gcp-billing', 'AvailabilityZone', $$cells ->> 'locationzone'$$),
('gcp-billing', 'BilledCost', $$@extschema@.focus_number(cells ->> 'cost') + credits$$),
('gcp-billing', 'BillingAccountId', $$cells ->> 'billingaccountid'$$),
('gcp-billing', 'BillingAccountType', $$'Billing Account'$$),
('gcp-billing', 'BillingCurrency', $$cells ->> 'currency'$$),
('gcp-billing', 'BillingPeriodEnd', $$@extschema@.focus_instant(regexp_replace(cells ->> 'invoicemonth', '^([0-9]{4})([0-9]{2})$', '\1-\2-01')) + interval '1 month'$$),
('gcp-billing', 'BillingPeriodStart', $$@extschema@.focus_instant(regexp_replace(cells ->> 'invoicemonth', '^([0-9]{4})([0-9]{2})$', '\1-\2-01'))$$),
('gcp-billing', 'ChargeCategory', $$CASE WHEN cells ->> 'costtype' = 'tax' THEN 'Tax'
	WHEN cells ->> 'costtype' <> 'regular' THEN 'Adjustment'
	WHEN cells ->> 'skudescription' LIKE 'Commitment%' THEN 'Purchase' ELSE 'Usage' END$$),
('gcp-billing', 'ChargeClass', $$CASE WHEN cells ? 'adjustmentinfomode' THEN 'Correction' END$$),
('gcp-billing', 'ChargeDescription', $$cells ->> 'skudescription'$$),
('gcp-billing', 'ChargeFrequency', $$CASE WHEN cells ->> 'costtype' <> 'regular' THEN NULL
	WHEN cells ->> 'skudescription' LIKE 'Commitment%' THEN 'Recurring' ELSE 'Usage-Based' END$$),
('gcp-billing', 'ChargePeriodEnd', $$cells ->> 'usageendtime'$$),
('gcp-billing', 'ChargePeriodStart', $$cells ->> 'usagestarttime'$$),
('gcp-billing', 'ConsumedQuantity', $$CASE WHEN cells ->> 'costtype' = 'regular' THEN cells ->> 'usageamount' END$$),
('gcp-billing', 'ConsumedUnit', $$CASE WHEN cells ->> 'costtype' = 'regular' THEN cells ->> 'usageunit' END$$),
('gcp-billing', 'ContractedCost', $$cells ->> 'cost'$$),
('gcp-billing', 'EffectiveCost', $$@extschema@.focus_number(cells ->> 'cost') + credits$$),
('gcp-billing', 'HostProviderName', $$'Google Cloud'$$),
('gcp-billing', 'InvoiceIssuerName', $$'Google Cloud'$$),
('gcp-billing', 'ListCost', $$coalesce(cells ->> 'costatlist', cells ->> 'cost')$$),
('gcp-billing', 'PricingQuantity', $$cells ->> 'usageamountinpricingunits'$$),
('gcp-billing', 'PricingUnit', $$cells ->> 'usagepricingunit'$$),
('gcp-billing', 'ProviderName', $$'Google Cloud'$$),
('gcp-billing', 'PublisherName', $$coalesce(cells ->> 'sellername', 'Google Cloud')$$),
('gcp-billing', 'RegionId', $$cells ->> 'locationregion'$$),
('gcp-billing', 'RegionName', $$cells ->> 'locationlocation'$$),
('gcp-billing', 'ResourceId', $$coalesce(cells ->> 'resourceglobalname', cells ->> 'resourcename')$$),
('gcp-billing', 'ResourceName', $$cells ->> 'resourcename'$$),
('gcp-billing', 'ServiceName', $$cells ->> 'servicedescription'$$),
('gcp-billing', 'SkuId', $$cells ->> 'skuid'$$),
('gcp-billing', 'SkuPriceId', $$cells ->> 'skuid'$$),
('gcp-billing', 'SubAccountId', $$cells ->> 'projectid'$$),
('gcp-billing', 'SubAccountName', $$cells ->> 'projectname'$$),
('gcp-billing', 'SubAccountType', $$CASE WHEN cells ? 'projectid' THEN 'Project' END$$),
('gcp-billing', 'Tags', $$NULLIF(cells ->> 'labels', '[]')$$);

INSERT INTO focus_mapping_columns (mapping, columnname, expression) VALUES
('oci-cost', 'AvailabilityZone', $$cells ->> 'productavailabilitydomain'$$),
('oci-cost', 'BilledCost', $$cells ->> 'costmycost'$$),
('oci-cost', 'BillingAccountId', $$cells ->> 'lineitemtenantid'$$),
('oci-cost', 'BillingAccountType', $$'Tenancy'$$),
('oci-cost', 'BillingCurrency', $$cells ->> 'costcurrencycode'$$),
('oci-cost', 'BillingPeriodEnd', $$date_trunc('month', @extschema@.focus_instant(cells ->> 'lineitemintervalusagestart')) + interval '1 month'$$),
('oci-cost', 'BillingPeriodStart', $$date_trunc('month', @extschema@.focus_instant(cells ->> 'lineitemintervalusagestart'))$$),
('oci-cost', 'ChargeCategory', $$'Usage'$$),
('oci-cost', 'ChargeClass', $$CASE WHEN cells ->> 'lineitemiscorrection' = 'true' THEN 'Correction' END$$),
('oci-cost', 'ChargeDescription', $$cells ->> 'productdescription'$$),
('oci-cost', 'ChargeFrequency', $$'Usage-Based'$$),
('oci-cost', 'ChargePeriodEnd', $$cells ->> 'lineitemintervalusageend'$$),
('oci-cost', 'ChargePeriodStart', $$cells ->> 'lineitemintervalusagestart'$$),
('oci-cost', 'ConsumedQuantity', $$cells ->> 'usagebilledquantity'$$),
('oci-cost', 'ConsumedUnit', $$cells ->> 'costskuunitdescription'$$),
('oci-cost', 'ContractedCost', $$cells ->> 'costmycost'$$),
('oci-cost', 'ContractedUnitPrice', $$cells ->> 'costunitprice'$$),
('oci-cost', 'EffectiveCost', $$cells ->> 'costmycost'$$),
('oci-cost', 'HostProviderName', $$'Oracle'$$),
('oci-cost', 'InvoiceIssuerName', $$'Oracle'$$),
('oci-cost', 'ListCost', $$cells ->> 'costmycost'$$),
('oci-cost', 'PricingQuantity', $$cells ->> 'usagebilledquantity'$$),
('oci-cost', 'PricingUnit', $$cells ->> 'costskuunitdescription'$$),
('oci-cost', 'ProviderName', $$'Oracle'$$),
('oci-cost', 'PublisherName', $$'Oracle'$$),
('oci-cost', 'RegionId', $$cells ->> 'productregion'$$),
('oci-cost', 'ResourceId', $$cells ->> 'productresourceid'$$),
('oci-cost', 'ServiceName', $$cells ->> 'productservice'$$),
('oci-cost', 'SkuId', $$cells ->> 'costproductsku'$$),
('oci-cost', 'SubAccountId', $$cells ->> 'productcompartmentid'$$),
('oci-cost', 'SubAccountName', $$cells ->> 'productcompartmentname'$$),
('oci-cost', 'SubAccountType', $$'Compartment'$$),
('oci-cost', 'Tags', $$(SELECT jsonb_object_agg(substr(t.key, 6), t.value) FROM jsonb_each_text(record) AS t WHERE t.key LIKE 'tags/%')$$);
