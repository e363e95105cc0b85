-- Mappings of allocations by OpenCost and Kubecost, and of OpenShift's usage.

INSERT INTO focus_mappings (mapping, provider, detect, records, leave_out, reject, description, lacks, shipped) VALUES
('opencost-csv', 'OpenCost', '{namespace controllerkind cpucost ramcost totalcost date}', NULL, NULL,
$$CASE WHEN NOT cells ? 'totalcost' THEN 'row has no TotalCost' END$$,
'CSV export of OpenCost: a row for each container and day.',
'BilledCost, which is 0: no invoice has these rows; BillingCurrency, BillingAccountId; quantities and prices, which are in x_columns; RegionId, SkuId, InvoiceId.',
true),
('opencost', 'OpenCost', '{cpucost ramcost totalcost window properties}',
$$
	-- A map of allocations by name: the answer's data, one for each window, or
	-- the record itself.
	SELECT r.file, r.line, a.value, r.cells, a.key AS name
	FROM raw AS r,
		jsonb_array_elements(CASE jsonb_typeof(r.record -> 'data') WHEN 'array' THEN r.record -> 'data' ELSE jsonb_build_array(r.record) END) AS d,
		jsonb_each(CASE jsonb_typeof(d) WHEN 'object' THEN d ELSE '{}' END) AS a
	WHERE jsonb_typeof(a.value) = 'object'
$$,
NULL,
$$CASE WHEN record ->> 'totalCost' IS NULL THEN 'allocation has no totalCost' END$$,
'Answer of the allocation API of OpenCost and Kubecost: data, an array of maps, or these maps.',
'BilledCost, which is 0: no invoice has these rows; BillingCurrency, BillingAccountId; quantities and prices, which are in x_columns; RegionId, SkuId, InvoiceId.',
true),
('openshift-usage', 'Red Hat', '{podusagecpucoreseconds podusagememorybyteseconds intervalstart,persistentvolumeclaimusagebyteseconds intervalstart}',
$$
	SELECT r.file, r.line, r.record, r.cells, kind.*
	FROM raw AS r,
	LATERAL (VALUES
		('CPU', 'Core-Seconds', r.cells ->> 'podusagecpucoreseconds'),
		('Memory', 'Byte-Seconds', r.cells ->> 'podusagememorybyteseconds'),
		('Storage', 'Byte-Seconds', r.cells ->> 'persistentvolumeclaimusagebyteseconds')) AS kind (meter, unit, quantity)
	WHERE kind.quantity IS NOT NULL
$$,
NULL, NULL,
'Usage of pods and volume claims that the cost management operator of OpenShift reports.',
'Costs, which are 0: the report has usage only; BillingAccountId, the cluster, which is in its manifest; BillingCurrency, prices, RegionId, SkuId, InvoiceId. Requests, limits and capacity are in x_columns.',
true);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT m.mapping, c.columnname, c.expression
FROM unnest('{opencost-csv,opencost,openshift-usage}'::text[]) AS m (mapping),
(VALUES
('BilledCost', $$0$$),
('ChargeCategory', $$'Usage'$$),
('ChargeFrequency', $$'Usage-Based'$$),
('ServiceCategory', $$'Compute'$$),
('ServiceName', $$'Kubernetes'$$),
('ServiceSubcategory', $$'Containers'$$),
('SubAccountType', $$'Namespace'$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT 'opencost-csv', c.columnname, c.expression
FROM (VALUES
('BillingPeriodEnd', $$date_trunc('month', @extschema@.focus_instant(cells ->> 'date')) + interval '1 month'$$),
('BillingPeriodStart', $$date_trunc('month', @extschema@.focus_instant(cells ->> 'date'))$$),
('ChargePeriodEnd', $$@extschema@.focus_instant(cells ->> 'date') + interval '1 day'$$),
('ChargePeriodStart', $$cells ->> 'date'$$),
('ContractedCost', $$cells ->> 'totalcost'$$),
('EffectiveCost', $$cells ->> 'totalcost'$$),
('ListCost', $$cells ->> 'totalcost'$$),
('ResourceId', $$concat_ws('/', cells ->> 'namespace', cells ->> 'pod', cells ->> 'container')$$),
('ResourceName', $$cells ->> 'controllername'$$),
('ResourceType', $$cells ->> 'controllerkind'$$),
('SubAccountId', $$cells ->> 'namespace'$$),
('SubAccountName', $$cells ->> 'namespace'$$),
('Tags', $$coalesce(cells ->> 'labels',
	(SELECT jsonb_object_agg(substr(t.key, 7), t.value)::text FROM jsonb_each_text(record) AS t WHERE t.key LIKE 'Label\_%'))$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT 'opencost', c.columnname, c.expression
FROM (VALUES
('AvailabilityZone', $$record #>> '{properties,labels,topology_kubernetes_io_zone}'$$),
('BillingPeriodEnd', $$date_trunc('month', @extschema@.focus_instant(record ->> 'start')) + interval '1 month'$$),
('BillingPeriodStart', $$date_trunc('month', @extschema@.focus_instant(record ->> 'start'))$$),
('ChargeDescription', $$name$$),
('ChargePeriodEnd', $$record ->> 'end'$$),
('ChargePeriodStart', $$record ->> 'start'$$),
('ContractedCost', $$record ->> 'totalCost'$$),
('EffectiveCost', $$record ->> 'totalCost'$$),
('ListCost', $$record ->> 'totalCost'$$),
('ResourceId', $$coalesce(NULLIF(concat_ws('/', record #>> '{properties,cluster}', record #>> '{properties,namespace}',
	record #>> '{properties,pod}', record #>> '{properties,container}'), ''), name)$$),
('ResourceName', $$coalesce(record #>> '{properties,controller}', name)$$),
('ResourceType', $$record #>> '{properties,controllerKind}'$$),
('SubAccountId', $$coalesce(record #>> '{properties,namespace}', name)$$),
('SubAccountName', $$coalesce(record #>> '{properties,namespace}', name)$$),
('Tags', $$record #>> '{properties,labels}'$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT 'openshift-usage', c.columnname, c.expression
FROM (VALUES
('BillingPeriodEnd', $$cells ->> 'reportperiodend'$$),
('BillingPeriodStart', $$cells ->> 'reportperiodstart'$$),
('ChargeDescription', $$meter$$),
('ChargePeriodEnd', $$cells ->> 'intervalend'$$),
('ChargePeriodStart', $$cells ->> 'intervalstart'$$),
('ConsumedQuantity', $$quantity$$),
('ConsumedUnit', $$unit$$),
('ContractedCost', $$0$$), ('EffectiveCost', $$0$$), ('ListCost', $$0$$),
('ResourceId', $$concat_ws('/', cells ->> 'namespace', coalesce(cells ->> 'persistentvolumeclaim', cells ->> 'pod'))$$),
('ResourceName', $$coalesce(cells ->> 'persistentvolumeclaim', cells ->> 'pod')$$),
('ResourceType', $$CASE WHEN cells ? 'persistentvolumeclaim' THEN 'PersistentVolumeClaim' ELSE 'Pod' END$$),
('SkuMeter', $$meter$$),
('SubAccountId', $$cells ->> 'namespace'$$),
('SubAccountName', $$cells ->> 'namespace'$$),
('Tags', $$coalesce(cells ->> 'podlabels', cells ->> 'persistentvolumeclaimlabels')$$)) AS c (columnname, expression);
