-- Mappings of OpenCost, Kubecost, OpenShift, and Databricks.
\set main :DBNAME
CREATE DATABASE regress_focus_mappings TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_mappings
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';

COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'opencost csv');
Date,Namespace,ControllerKind,ControllerName,Pod,Container,CPUCost,RAMCost,TotalCost,Label_team,Label_env
2026-10-31,shop,deployment,web,web-0,app,0.1,0.2,0.30000000000000004,core,
2026-10-31,shop,deployment,web,web-0,app,0.1,NaN,NaN,core,prod
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'opencost');
{"code": 200, "status": "success", "data": [
  {"prod/shop": {"name": "prod/shop", "properties": {"cluster": "prod", "namespace": "shop", "pod": "web-0", "controller": "web", "controllerKind": "deployment", "labels": {"team": "core"}},
    "window": {"start": "2026-10-01T00:00:00Z", "end": "2026-10-02T00:00:00Z"}, "start": "2026-10-01T00:00:00Z", "end": "2026-10-02T00:00:00Z",
    "cpuCost": 0.1, "cpuCostAdjustment": -0.01, "ramCost": 0.2, "totalCost": 0.29},
   "__idle__": {"name": "__idle__", "properties": {"cluster": "prod"}, "window": {"start": "2026-10-01T00:00:00Z", "end": "2026-10-02T00:00:00Z"},
    "start": "2026-10-01T00:00:00Z", "end": "2026-10-02T00:00:00Z", "cpuCost": 1, "ramCost": 1, "totalCost": 2.000000000000000001}},
  {"prod/gone": {"name": "prod/gone", "properties": {}, "start": "2026-10-02T00:00:00Z", "end": "2026-10-03T00:00:00Z", "totalCost": null}},
  null]}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'openshift');
report_period_start,report_period_end,interval_start,interval_end,namespace,pod,persistentvolumeclaim,volume_request_storage_byte_seconds,persistentvolumeclaim_usage_byte_seconds,persistentvolumeclaim_labels
2026-10-01 00:00:00 +0000 UTC,2026-11-01 00:00:00 +0000 UTC,2026-10-01 00:00:00 +0000 UTC,2026-10-01 01:00:00 +0000 UTC,shop,db-0,data,3600,1800.5,app:db|env:prod
\.
SELECT source, mapping, rows_stored, rows_rejected, totals FROM focus_loads ORDER BY loadid;
SELECT serviceprovidername, billedcost, effectivecost, listcost, subaccountid, resourceid, resourcetype, skumeter, consumedquantity, consumedunit, tags,
	chargeperiodstart, chargeperiodend
FROM focus_cost_and_usage ORDER BY serviceprovidername, effectivecost;
SELECT source, columnname, value, message FROM focus_rejected_rows JOIN focus_loads USING (loadid) ORDER BY source;

-- Databricks: usage and its corrections, at the list price of the time
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'databricks');
{"record_id": "1", "account_id": "A", "workspace_id": "W", "sku_name": "JOBS", "cloud": "AWS", "usage_start_time": "2026-10-01T10:00:00.000+00:00", "usage_end_time": "2026-10-01T11:00:00.000+00:00", "usage_quantity": "1.500000000000000000", "usage_unit": "DBU", "record_type": "ORIGINAL", "billing_origin_product": "JOBS", "custom_tags": {"team": "core"}, "usage_metadata": {"cluster_id": "c-1", "job_id": null}}
{"record_id": "2", "account_id": "A", "workspace_id": "W", "sku_name": "JOBS", "cloud": "AWS", "usage_start_time": "2026-10-01T10:00:00.000+00:00", "usage_end_time": "2026-10-01T11:00:00.000+00:00", "usage_quantity": -1.5, "usage_unit": "DBU", "record_type": "RETRACTION", "billing_origin_product": "JOBS"}
{"record_id": "3", "account_id": "A", "workspace_id": "W", "sku_name": "JOBS", "cloud": "AWS", "usage_start_time": "2026-10-14T23:30:00.000+00:00", "usage_end_time": "2026-10-15T00:00:00.000+00:00", "usage_quantity": 2, "usage_unit": "DBU", "record_type": "RESTATEMENT", "billing_origin_product": "JOBS"}
{"record_id": "4", "account_id": "A", "workspace_id": "W", "sku_name": "JOBS", "cloud": "AZURE", "usage_start_time": "2026-10-01T10:00:00.000+00:00", "usage_end_time": "2026-10-01T11:00:00.000+00:00", "usage_quantity": 1, "usage_unit": "DBU", "record_type": "ORIGINAL"}
{"record_id": "5", "account_id": "A", "workspace_id": "W", "sku_name": "TWICE", "cloud": "AWS", "usage_start_time": "2026-10-01T10:00:00.000+00:00", "usage_end_time": "2026-10-01T11:00:00.000+00:00", "usage_quantity": 1, "usage_unit": "DBU", "record_type": "ORIGINAL"}
{"sku_name": "JOBS", "cloud": "AWS", "currency_code": "USD", "usage_unit": "DBU", "price_start_time": "2026-01-01T00:00:00Z", "price_end_time": "2026-10-15T00:00:00Z", "pricing": {"default": "0.15"}}
{"sku_name": "JOBS", "cloud": "AWS", "currency_code": "USD", "usage_unit": "DBU", "price_start_time": "2026-10-15T00:00:00Z", "price_end_time": null, "pricing": {"default": "0.2000"}}
{"sku_name": "TWICE", "cloud": "AWS", "currency_code": "USD", "usage_unit": "DBU", "price_start_time": "2026-01-01T00:00:00Z", "pricing": {"default": "1"}}
{"sku_name": "TWICE", "cloud": "AWS", "currency_code": "USD", "usage_unit": "DBU", "price_start_time": "2026-01-02T00:00:00Z", "pricing": {"default": "2"}}
\.
SELECT rows_stored, rows_rejected, totals FROM focus_loads WHERE source = 'databricks' ORDER BY loadid;
SELECT billedcost, listunitprice, consumedquantity, chargedescription, resourceid, tags FROM focus_cost_and_usage
WHERE serviceprovidername = 'Databricks' ORDER BY billedcost;
SELECT line, message FROM focus_rejected_rows JOIN focus_loads USING (loadid) WHERE source = 'databricks' ORDER BY line;
SELECT columnname, finding, occurrences FROM focus_load_findings WHERE columnname = 'databricks';

\c :main
DROP DATABASE regress_focus_mappings;
