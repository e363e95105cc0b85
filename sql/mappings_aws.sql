-- Mapping aws-cur: split cost allocation in a report of AWS, CUR 2.0.
\set main :DBNAME
CREATE DATABASE regress_focus_mappings TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_mappings
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';

-- i-on: on demand, 1.00, of which pods take 0.6.  i-sp: covered by a savings
-- plan, billed 2.00 and negated, effective 1.20; pods take all of it.  i-ri:
-- reserved, nothing billed; a part takes a third.  i-over: what parts take is a
-- billionth more than there is.  i-two: two charges in one hour.
-- i-own: a part has a cost of its own as well, so that the instance stays whole.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'cur');
bill_payer_account_id,bill_billing_period_start_date,bill_billing_period_end_date,line_item_usage_account_id,line_item_line_item_type,line_item_usage_start_date,line_item_usage_end_date,line_item_product_code,line_item_usage_type,line_item_resource_id,line_item_usage_amount,line_item_currency_code,line_item_unblended_cost,pricing_public_on_demand_cost,pricing_unit,reservation_reservation_a_r_n,reservation_effective_cost,savings_plan_savings_plan_a_r_n,savings_plan_savings_plan_effective_cost,resource_tags,split_line_item_parent_resource_id,split_line_item_split_cost,split_line_item_unused_cost,split_line_item_split_usage
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEC2,BoxUsage:m5.large,i-on,1,USD,1.00,1.10,Hrs,,,,,"{""user_team"": ""core""}",,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEC2,EBS:VolumeUsage,i-on,5,USD,0.25,0.25,GB-Mo,,,,,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,USE1-EKS-EC2-vCPU-Hours,arn:aws:eks:us-east-1:2:pod/prod/shop/web-0/u1,0.5,USD,0,,vCPU-Hours,,,,,"{""user_team"": ""shop""}",i-on,0.3,0.2,0.5
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,USE1-EKS-EC2-GB-Hours,arn:aws:eks:us-east-1:2:pod/prod/shop/web-0/u1,1,USD,0,,GB-Hours,,,,,,i-on,0.1,0.066666667,1
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,USE1-EKS-EC2-vCPU-Hours,arn:aws:eks:us-east-1:2:pod/prod/bank/db-0/u2,0.25,USD,0,,vCPU-Hours,,,,,,i-on,0.2,0.133333333,0.25
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,SavingsPlanCoveredUsage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEC2,BoxUsage:m5.xlarge,i-sp,1,USD,2.00,2.00,Hrs,,,arn:sp,1.20,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,SavingsPlanNegation,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,ComputeSavingsPlans,BoxUsage:m5.xlarge,i-sp,1,USD,-2.00,,,,,arn:sp,,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,EKS-EC2-vCPU-Hours,arn:aws:eks:us-east-1:2:pod/prod/shop/web-1/u3,1,USD,0,,vCPU-Hours,,,,,,i-sp,0.9,0,1
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,EKS-EC2-GB-Hours,arn:aws:eks:us-east-1:2:pod/prod/shop/web-1/u3,1,USD,0,,GB-Hours,,,,,,i-sp,0.3,0,1
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,DiscountedUsage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEC2,BoxUsage:m5.large,i-ri,1,USD,0,1.10,Hrs,arn:ri,0.7,,,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonECS,ECS-EC2-vCPU-Hours,arn:aws:ecs:us-east-1:2:task/c/t1,1,USD,0,,vCPU-Hours,,,,,,i-ri,0.233333333333333333,0.4,1
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEC2,BoxUsage:m5.large,i-over,1,USD,1.00,1.00,Hrs,,,,,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,EKS-EC2-vCPU-Hours,arn:aws:eks:us-east-1:2:pod/prod/a/p/u4,1,USD,0,,vCPU-Hours,,,,,,i-over,0.333333334,0,1
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,EKS-EC2-vCPU-Hours,arn:aws:eks:us-east-1:2:pod/prod/b/p/u5,1,USD,0,,vCPU-Hours,,,,,,i-over,0.666666667,0,2
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEC2,BoxUsage:m5.large,i-two,0.5,USD,0.5,0.5,Hrs,,,,,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,SavingsPlanCoveredUsage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEC2,BoxUsage:m5.large,i-two,0.5,USD,0.5,0.5,Hrs,,,arn:sp,0.3,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,EKS-EC2-vCPU-Hours,arn:aws:eks:us-east-1:2:pod/prod/a/q/u6,1,USD,0,,vCPU-Hours,,,,,,i-two,0.4,0.4,1
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,EKS-EC2-vCPU-Hours,arn:aws:eks:us-east-1:2:pod/prod/c/r/u7,1,USD,0,,vCPU-Hours,,,,,,i-gone,0.1,0,1
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,EKS-EC2-vCPU-Hours,arn:aws:eks:us-east-1:2:pod/prod/c/s/u8,1,USD,0,,vCPU-Hours,,,,,,i-bad,dear,0,1
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEC2,BoxUsage:m5.large,i-bad,1,USD,1.5,1.5,Hrs,,,,,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEC2,BoxUsage:m5.large,i-own,1,USD,4,4,Hrs,,,,,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Usage,2026-10-01T00:00:00.000Z,2026-10-01T01:00:00.000Z,AmazonEKS,EKS-EC2-vCPU-Hours,arn:aws:eks:us-east-1:2:pod/prod/c/t/u9,1,USD,0.5,,vCPU-Hours,,,,,,i-own,3,1,1
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,RIFee,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,AmazonEC2,HeavyUsage:m5.large,,744,USD,52.08,,Hrs,arn:ri,,,,,,,,
1,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,2,Tax,2026-10-01T00:00:00.000Z,2026-11-01T00:00:00.000Z,AmazonEC2,,,1,USD,1e-2,,,,,,,,,,,
\.

SELECT mapping, state, rows_stored, rows_rejected, totals FROM focus_loads ORDER BY loadid;
SELECT line, columnname, value, message, record ->> 'line_item_resource_id' AS resource FROM focus_rejected_rows ORDER BY line;
SELECT columnname, finding, occurrences, first_line FROM focus_load_findings ORDER BY columnname, finding;

-- The parts of each instance, and what is left of it.
SELECT resourceid, allocatedresourcename, billedcost, effectivecost, listcost, consumedquantity, chargecategory, tags['team'] AS team
FROM focus_cost_and_usage ORDER BY resourceid, allocatedresourceid, billedcost, effectivecost;
SELECT allocatedresourcename, allocatedmethoddetails, allocatedtags, tags
FROM focus_cost_and_usage WHERE resourceid = 'i-on' AND allocatedmethodid IS NOT NULL ORDER BY 1, 2;
-- What the file says of each instance; the sums are equal.
SELECT resourceid, sum(effectivecost) AS effectivecost, sum(listcost) AS listcost, sum(consumedquantity) AS quantity
FROM focus_cost_and_usage WHERE allocatedmethodid IS NOT NULL GROUP BY resourceid ORDER BY resourceid;
SELECT sum(billedcost) = 1.00 + 0.25 + 2 - 2 + 0 + 1 + 0.5 + 0.5 + 1.5 + 4 + 52.08 + 0.01 AS equal FROM focus_cost_and_usage;
-- The raw lines stay.
SELECT x_columns ->> 'split_line_item_unused_cost' AS unused FROM focus_cost_and_usage
WHERE allocatedresourcename = 'shop/web-0' ORDER BY 1;

\c :main
DROP DATABASE regress_focus_mappings;
