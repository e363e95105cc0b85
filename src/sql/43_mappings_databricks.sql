-- Mapping of Databricks' system tables: usage times list price.

INSERT INTO focus_mappings (mapping, provider, detect, records, leave_out, reject, description, lacks, shipped) VALUES
('databricks', 'Databricks',
'{recordid skuname usagequantity usagestarttime,skuname pricestarttime pricing,skuname pricestarttime pricingdefault}',
$$
	WITH price AS MATERIALIZED
	(
		SELECT file, line, record, cells, cells ->> 'skuname' AS sku, cells ->> 'cloud' AS cloud,
			@extschema@.focus_instant(cells ->> 'pricestarttime') AS begins,
			coalesce(@extschema@.focus_instant(cells ->> 'priceendtime'), 'infinity') AS ends,
			@extschema@.focus_number(coalesce(cells #>> '{pricing,default}', cells ->> 'pricingdefault')) AS price,
			cells ->> 'currencycode' AS currency
		FROM raw WHERE cells ? 'pricestarttime'
	),
	usage AS
	(
		SELECT file, line, record, cells, cells ->> 'skuname' AS sku, cells ->> 'cloud' AS cloud,
			@extschema@.focus_instant(cells ->> 'usageendtime') AS ends,
			@extschema@.focus_number(cells ->> 'usagequantity') AS quantity
		FROM raw WHERE NOT cells ? 'pricestarttime'
	)
	SELECT u.file, u.line, u.record, u.cells, u.quantity, p.price, p.currency, p.prices, false AS is_price
	FROM usage AS u,
	LATERAL (SELECT count(*) AS prices, min(price) AS price, min(currency) AS currency FROM price AS p
		WHERE p.sku = u.sku AND p.cloud IS NOT DISTINCT FROM u.cloud AND u.ends >= p.begins AND u.ends < p.ends) AS p
	UNION ALL
	SELECT p.file, p.line, p.record, p.cells, NULL, NULL, NULL, 1, true FROM price AS p
$$,
$$CASE WHEN is_price THEN 'list price' END$$,
$$CASE WHEN prices = 0 THEN 'no list price of the SKU at that time in the delivery' WHEN prices > 1 THEN 'several list prices of the SKU at that time' END$$,
'Rows of system.billing.usage with rows of system.billing.list_prices, both in one delivery.',
'Discounts: all costs are at list price; RegionId, InvoiceId, ResourceName, CommitmentDiscount*, ContractApplied.',
true);

INSERT INTO focus_mapping_columns (mapping, columnname, expression) VALUES
('databricks', 'BilledCost', $$quantity * price$$),
('databricks', 'BillingAccountId', $$cells ->> 'accountid'$$),
('databricks', 'BillingAccountType', $$'Account'$$),
('databricks', 'BillingCurrency', $$currency$$),
('databricks', 'BillingPeriodEnd', $$date_trunc('month', @extschema@.focus_instant(cells ->> 'usagestarttime')) + interval '1 month'$$),
('databricks', 'BillingPeriodStart', $$date_trunc('month', @extschema@.focus_instant(cells ->> 'usagestarttime'))$$),
('databricks', 'ChargeCategory', $$'Usage'$$),
('databricks', 'ChargeDescription', $$concat_ws(', ', cells ->> 'skuname', cells ->> 'recordtype')$$),
('databricks', 'ChargeFrequency', $$'Usage-Based'$$),
('databricks', 'ChargePeriodEnd', $$cells ->> 'usageendtime'$$),
('databricks', 'ChargePeriodStart', $$cells ->> 'usagestarttime'$$),
('databricks', 'ConsumedQuantity', $$quantity$$),
('databricks', 'ConsumedUnit', $$cells ->> 'usageunit'$$),
('databricks', 'ContractedCost', $$quantity * price$$),
('databricks', 'ContractedUnitPrice', $$price$$),
('databricks', 'EffectiveCost', $$quantity * price$$),
('databricks', 'HostProviderName', $$CASE cells ->> 'cloud' WHEN 'AZURE' THEN 'Microsoft' WHEN 'GCP' THEN 'Google Cloud' ELSE cells ->> 'cloud' END$$),
('databricks', 'InvoiceIssuerName', $$'Databricks'$$),
('databricks', 'ListCost', $$quantity * price$$),
('databricks', 'ListUnitPrice', $$price$$),
('databricks', 'PricingCategory', $$'Standard'$$),
('databricks', 'PricingCurrency', $$currency$$),
('databricks', 'PricingQuantity', $$quantity$$),
('databricks', 'PricingUnit', $$cells ->> 'usageunit'$$),
('databricks', 'ProviderName', $$'Databricks'$$),
('databricks', 'PublisherName', $$'Databricks'$$),
('databricks', 'ResourceId', $$coalesce(cells #>> '{usagemetadata,warehouse_id}', cells #>> '{usagemetadata,cluster_id}', cells #>> '{usagemetadata,endpoint_id}',
	cells #>> '{usagemetadata,job_id}', cells #>> '{usagemetadata,dlt_pipeline_id}', cells #>> '{usagemetadata,notebook_id}')$$),
('databricks', 'ServiceCategory', $$CASE WHEN cells ->> 'billingoriginproduct' IN ('MODEL_SERVING', 'FOUNDATION_MODEL_TRAINING', 'VECTOR_SEARCH', 'AI_FUNCTIONS', 'AGENT_BRICKS') THEN 'AI and Machine Learning' ELSE 'Analytics' END$$),
('databricks', 'ServiceName', $$coalesce(cells ->> 'billingoriginproduct', 'Databricks')$$),
('databricks', 'SkuId', $$cells ->> 'skuname'$$),
('databricks', 'SkuMeter', $$cells ->> 'usagetype'$$),
('databricks', 'SkuPriceId', $$concat_ws('/', cells ->> 'skuname', cells ->> 'cloud')$$),
('databricks', 'SubAccountId', $$cells ->> 'workspaceid'$$),
('databricks', 'SubAccountType', $$'Workspace'$$),
('databricks', 'Tags', $$cells ->> 'customtags'$$);
