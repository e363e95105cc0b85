-- What "make bench" asks, one statement each.  :table is the table, :'resource'
-- and :'account' are one ResourceId and one SubAccountId of it.

-- Q1 compute cost by cost centre this month
SELECT Tags['CostCentre'] AS cost_centre, BillingCurrency, sum(EffectiveCost) AS cost FROM :table WHERE ChargePeriodStart >= '2026-03-01' AND ServiceCategory = 'Compute' GROUP BY 1, 2 ORDER BY 3 DESC;
-- Q2 billed and effective cost by provider and category
SELECT ServiceProviderName, ServiceCategory, sum(BilledCost) AS billed, sum(EffectiveCost) AS effective FROM :table GROUP BY 1, 2 ORDER BY 1, 2;
-- Q3 daily cost of the ten dearest services of a month
WITH top AS (SELECT ServiceName FROM :table WHERE ChargePeriodStart >= '2026-03-01' AND ChargePeriodStart < '2026-03-31' GROUP BY ServiceName ORDER BY sum(EffectiveCost) DESC LIMIT 10) SELECT date_trunc('day', ChargePeriodStart) AS day, ServiceName, sum(EffectiveCost) AS cost FROM :table WHERE ChargePeriodStart >= '2026-03-01' AND ChargePeriodStart < '2026-03-31' AND ServiceName IN (SELECT ServiceName FROM top) GROUP BY 1, 2 ORDER BY 1, 2;
-- Q4 cost per token
SELECT ServiceName, sum(PricingCurrencyEffectiveCost) / sum(ConsumedQuantity) AS cost_per_token FROM :table WHERE ConsumedUnit = 'Tokens' GROUP BY 1 ORDER BY 2 DESC;
-- Q5 one resource, all columns, no index
SELECT * FROM :table WHERE ResourceId = :'resource';
-- Q6 use of commitments
SELECT CommitmentDiscountId, CommitmentDiscountStatus, RegionId, sum(EffectiveCost) AS cost, sum(CommitmentDiscountQuantity) AS quantity, count(*) AS charges FROM :table WHERE CommitmentDiscountStatus IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
-- Q7 rows
SELECT count(*) FROM :table;
-- Q8 distinct resources by sub account
SELECT SubAccountId, count(DISTINCT ResourceId) AS resources FROM :table GROUP BY 1 ORDER BY 2 DESC;
-- Q9 export of everything
COPY :table TO '/dev/null';
-- Q10 the twenty dearest resources of a sub account
SELECT ResourceId, sum(EffectiveCost) AS cost FROM :table WHERE SubAccountId = :'account' GROUP BY 1 ORDER BY 2 DESC LIMIT 20;
-- Q11 cost without cost centre by region
SELECT RegionId, sum(EffectiveCost) FILTER (WHERE Tags['CostCentre'] IS NULL) AS untagged, sum(EffectiveCost) AS total FROM :table GROUP BY 1 ORDER BY 1;
