-- Where each provider puts the model's name.
CREATE VIEW demo.token_charges AS
SELECT c.*, l.source, coalesce(
	c.SkuPriceDetails['ModelId'],
	c.SkuPriceDetails['x_Model'],
	c.x_columns->>'x_SkuMeterSubcategory',
	regexp_replace(c.ChargeDescription, ' Text .*', '')) AS model
FROM focus_cost_and_usage AS c JOIN focus_loads AS l ON l.loadid = c.x_loadid
WHERE c.ServiceCategory = 'AI and Machine Learning';

\echo 'COST OF A MILLION TOKENS, BY PROVIDER AND MODEL, IN TWO MONTHS'
\echo
SELECT ServiceProviderName AS provider, model,
	round(sum(focus_convert(ConsumedQuantity, ConsumedUnit::focus_unit, 'Tokens')) / 1000000) AS million_tokens,
	round(focus_sum(EffectiveCost, BillingCurrency), 2) AS cost,
	round(1000000 * focus_cost_per_token(EffectiveCost, ConsumedQuantity, ConsumedUnit), 4) AS cost_per_million,
	BillingCurrency AS currency
FROM demo.token_charges
WHERE ChargePeriodStart >= date_trunc('month', CURRENT_DATE) - interval '1 month'
GROUP BY ServiceProviderName, model, BillingCurrency
ORDER BY provider, cost_per_million DESC;
