\echo 'WHAT COMPUTE COSTS THIS MONTH, BY COST CENTRE'
\echo
SELECT Tags['CostCentre'] AS cost_centre, SUM(EffectiveCost) AS total_effective_cost, BillingCurrency
FROM focus_cost_and_usage
WHERE ChargePeriodStart >= DATE_TRUNC('month', CURRENT_DATE) AND ServiceCategory = 'Compute'
GROUP BY Tags['CostCentre'], BillingCurrency ORDER BY total_effective_cost DESC;
