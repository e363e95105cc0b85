-- Mappings of other clouds' own formats.
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
