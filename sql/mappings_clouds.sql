-- Mappings of other clouds' own formats.
\set main :DBNAME
CREATE DATABASE regress_focus_mappings TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_mappings
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';

-- Azure: what a reservation was paid for, of actual cost and of amortised cost
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'azure actual');
billingAccountId,billingPeriodStartDate,billingPeriodEndDate,date,meterCategory,chargeType,pricingModel,quantity,unitPrice,payGPrice,costInBillingCurrency,billingCurrency,pricingCurrency,exchangeRatePricingToBilling,reservationId,benefitId,resourceId,tags,frequency,unitOfMeasure
1,10/01/2026,10/31/2026,10/02/2026,Virtual Machines,Purchase,Reservation,1,300,,270,EUR,USD,0.9,r-1,,,,OneTime,1
1,10/01/2026,10/31/2026,10/02/2026,Virtual Machines,Usage,Reservation,24,0.5,0.6,0,EUR,USD,0.9,r-1,,/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm1,"""team"": ""core""",UsageBased,1 Hour
1,10/01/2026,10/31/2026,10/02/2026,Storage,Usage,OnDemand,10,0.02,0.02,0.18,EUR,USD,0.9,,,/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a,,UsageBased,1 GB
1,10/01/2026,10/31/2026,10/02/2026,Support,Refund,,1,,,-5,EUR,USD,0.9,,,,,OneTime,1
1,10/01/2026,10/31/2026,10/02/2026,Storage,Usage,OnDemand,10,0.02,0.02,"1,5",EUR,USD,0.9,,,,,UsageBased,1 GB
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'azure amortised', mode 'append');
BillingAccountId,BillingPeriodStartDate,BillingPeriodEndDate,Date,MeterCategory,ChargeType,PricingModel,Quantity,UnitPrice,PayGPrice,CostInBillingCurrency,BillingCurrencyCode,ReservationId,BenefitId
1,10/01/2026,10/31/2026,10/02/2026,Virtual Machines,Usage,Reservation,24,0.5,0.6,8.50,EUR,r-1,
1,10/01/2026,10/31/2026,10/02/2026,Virtual Machines,UnusedReservation,Reservation,1,0,0,0.50,EUR,r-1,
1,10/01/2026,10/31/2026,10/02/2026,Virtual Machines,UnusedSavingsPlan,SavingsPlan,1,0,0,0.25,EUR,,/providers/Microsoft.BillingBenefits/savingsPlanOrders/o/savingsPlans/p
1,10/01/2026,10/31/2026,10/02/2026,Storage,Usage,OnDemand,10,0.02,0.02,0.18,EUR,,
\.
SELECT source, mapping, rows_stored, rows_rejected, totals FROM focus_loads WHERE source LIKE 'azure%' ORDER BY loadid;
SELECT source, chargecategory, chargeclass, chargefrequency, pricingcategory, commitmentdiscounttype, commitmentdiscountstatus, billedcost, effectivecost, contractedcost, listcost, tags
FROM focus_cost_and_usage JOIN focus_loads ON loadid = x_loadid WHERE source LIKE 'azure%' ORDER BY source, chargecategory, effectivecost, listcost;
SELECT DISTINCT billingperiodstart, billingperiodend, chargeperiodstart, chargeperiodend FROM focus_cost_and_usage WHERE serviceprovidername = 'Microsoft';
SELECT columnname, value, record ->> 'chargeType' AS charge FROM focus_rejected_rows JOIN focus_loads USING (loadid) WHERE source LIKE 'azure%';

-- Google Cloud: credits as Python prints them, and as JSON; structs
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'gcp csv');
billing_account_id,service.id,service.description,sku.id,sku.description,usage_start_time,usage_end_time,project.id,labels,location.region,cost,currency,usage.amount,usage.unit,usage.amount_in_pricing_units,usage.pricing_unit,credits,invoice.month,cost_type
A-1,S,Compute Engine,K,N1 Core,2026-10-01 07:00:00+00:00,2026-10-01 08:00:00+00:00,p,"[{'key': 'team', 'value': 'core'}]",europe-west1,1.5,EUR,3600.0,seconds,1.0,hour,"[{'name': 'Sustained use', 'amount': -0.25, 'full_name': None}, {'name': 'CUD', 'amount': -1e-05, 'type': 'COMMITTED_USAGE_DISCOUNT'}]",202610,regular
A-1,S,Invoice,T,Tax,2026-10-01 07:00:00+00:00,2026-10-01 08:00:00+00:00,p,[],,0.3,EUR,0,,0,,[],202610,tax
A-1,S,Compute Engine,K,N1 Core,2026-10-01 07:00:00+00:00,2026-10-01 08:00:00+00:00,p,[],,1.5,EUR,3600.0,seconds,1.0,hour,"[{'name': 'no amount'}]",202610,regular
A-1,S,Compute Engine,K,N1 Core,2026-10-01 07:00:00+00:00,2026-10-01 08:00:00+00:00,p,[],,,EUR,3600.0,seconds,1.0,hour,[],202610,regular
A-1,S,Compute Engine,K,N1 Core,2026-10-01 07:00:00+00:00,2026-10-01 08:00:00+00:00,p,[],,2,EUR,3600.0,seconds,1.0,hour,"[{'amount': -1.2.3}]",202610,regular
A-1,S,Compute Engine,K,N1 Core,2026-10-01 07:00:00+00:00,2026-10-01 08:00:00+00:00,p,[],,2,EUR,3600.0,seconds,1.0,hour,[],2026-10,regular
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'gcp json', mode 'append');
{"billing_account_id": "A-1", "service": {"id": "S", "description": "Compute Engine"}, "sku": {"id": "K", "description": "Commitment v1: Cpu"}, "usage_start_time": "2026-10-01T07:00:00Z", "usage_end_time": "2026-10-01T08:00:00Z", "project": {"id": "p", "name": "P"}, "labels": [{"key": "team", "value": "core"}], "location": {"region": "europe-west1"}, "cost": 1.5, "cost_at_list": 2, "currency": "EUR", "usage": {"amount": 3600, "unit": "seconds", "amount_in_pricing_units": 1, "pricing_unit": "hour"}, "credits": [{"name": "x", "amount": -0.10000000000000000001}, {"name": "y", "amount": "-0.2"}], "invoice": {"month": "202610"}, "cost_type": "regular"}
\.
SELECT source, mapping, rows_stored, rows_rejected, totals FROM focus_loads WHERE source LIKE 'gcp%' ORDER BY loadid;
SELECT source, chargecategory, billedcost, contractedcost, listcost, consumedquantity, pricingunit, regionid, subaccountname, tags, c.billingperiodstart
FROM focus_cost_and_usage AS c JOIN focus_loads ON loadid = x_loadid WHERE source LIKE 'gcp%' ORDER BY source, chargecategory, billedcost;
SELECT line, columnname, value, message FROM focus_rejected_rows JOIN focus_loads USING (loadid) WHERE source LIKE 'gcp%' ORDER BY line;

-- Oracle: a correction, and tags that are columns
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'oci');
lineItem/referenceNo,lineItem/tenantId,lineItem/intervalUsageStart,lineItem/intervalUsageEnd,product/service,usage/billedQuantity,cost/productSku,cost/unitPrice,cost/myCost,cost/currencyCode,cost/skuUnitDescription,lineItem/isCorrection,lineItem/backreferenceNo,tags/Ops.Team
r1,t,2026-10-31T23:00Z,2026-11-01T00:00:00Z,COMPUTE,2,B1,0.1,2E-1,EUR,OCPU Hours,false,,core
r2,t,2026-10-31T23:00Z,2026-11-01T00:00:00Z,COMPUTE,-1,B1,0.1,-0.1,EUR,OCPU Hours,true,r1,
r3,t,2026-10-31T23:00Z,2026-11-01T00:00:00Z,COMPUTE,1,B1,0.1,,EUR,OCPU Hours,false,,
\.
SELECT mapping, billingperiodstart, rows_stored, rows_rejected, totals FROM focus_loads WHERE source = 'oci' ORDER BY loadid;
SELECT billedcost, chargeclass, contractedunitprice, tags, x_columns ->> 'lineItem/backreferenceNo' AS corrects
FROM focus_cost_and_usage WHERE serviceprovidername = 'Oracle' ORDER BY billedcost;

\c :main
DROP DATABASE regress_focus_mappings;
