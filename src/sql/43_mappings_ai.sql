-- Mappings of cost and usage reports of OpenAI and Anthropic, and of LiteLLM's
-- spend logs.

INSERT INTO focus_mappings (mapping, provider, detect, records, reject, description, lacks, shipped) VALUES
('openai-cost', 'OpenAI', '{results amount lineitem starttime currency}',
$$
	SELECT file, line, (bucket - 'results') || result, result, bucket,
		CASE WHEN bucket ->> 'start_time' ~ '^[0-9]{1,11}$' THEN to_timestamp((bucket ->> 'start_time')::bigint) ELSE 'infinity' END AS begins,
		CASE WHEN bucket ->> 'end_time' ~ '^[0-9]{1,11}$' THEN to_timestamp((bucket ->> 'end_time')::bigint) END AS ends
	FROM raw,
		jsonb_array_elements(CASE jsonb_typeof(record -> 'data') WHEN 'array' THEN record -> 'data' ELSE jsonb_build_array(record) END) AS bucket,
		jsonb_array_elements(CASE jsonb_typeof(bucket -> 'results') WHEN 'array' THEN bucket -> 'results' ELSE '[]' END) AS result
$$,
$$CASE WHEN record #>> '{amount,value}' IS NULL THEN 'result has no amount' END$$,
'Costs of an organisation as the API of OpenAI gives them (organization/costs), pages or buckets.',
'Quantities, unit prices and list prices; BillingAccountId where organization_id is not given; RegionId, ResourceId, InvoiceId; model and direction of tokens unless grouped by line_item.',
true),
('openai-usage', 'OpenAI', '{results inputtokens nummodelrequests starttime}',
$$
	SELECT file, line, (bucket - 'results') || result, result, bucket,
		CASE WHEN bucket ->> 'start_time' ~ '^[0-9]{1,11}$' THEN to_timestamp((bucket ->> 'start_time')::bigint) ELSE 'infinity' END AS begins,
		CASE WHEN bucket ->> 'end_time' ~ '^[0-9]{1,11}$' THEN to_timestamp((bucket ->> 'end_time')::bigint) END AS ends,
		kind.*
	FROM raw,
		jsonb_array_elements(CASE jsonb_typeof(record -> 'data') WHEN 'array' THEN record -> 'data' ELSE jsonb_build_array(record) END) AS bucket,
		jsonb_array_elements(CASE jsonb_typeof(bucket -> 'results') WHEN 'array' THEN bucket -> 'results' ELSE '[]' END) AS result,
		LATERAL (VALUES
			('Input Tokens', 'Input', NULL, @extschema@.focus_number(result ->> 'input_tokens') - coalesce(@extschema@.focus_number(result ->> 'input_cached_tokens'), 0)),
			('Cache Read Input Tokens', 'Input', 'Read', @extschema@.focus_number(result ->> 'input_cached_tokens')),
			('Output Tokens', 'Output', NULL, @extschema@.focus_number(result ->> 'output_tokens'))) AS kind (meter, direction, cache, tokens)
	WHERE kind.tokens <> 0
$$,
NULL,
'Token usage of an organisation as the API of OpenAI gives it (organization/usage/completions), pages or buckets.',
'Costs, which are in openai-cost and 0 here; prices; tokens of audio apart from others; BillingCurrency, RegionId, ResourceId, InvoiceId.',
true),
('anthropic-cost', 'Anthropic', '{results amount startingat currency}',
$$
	SELECT file, line, (bucket - 'results') || result, result, bucket
	FROM raw,
		jsonb_array_elements(CASE jsonb_typeof(record -> 'data') WHEN 'array' THEN record -> 'data' ELSE jsonb_build_array(record) END) AS bucket,
		jsonb_array_elements(CASE jsonb_typeof(bucket -> 'results') WHEN 'array' THEN bucket -> 'results' ELSE '[]' END) AS result
$$,
$$CASE WHEN record ->> 'amount' IS NULL THEN 'result has no amount' END$$,
'Costs of an organisation as the Admin API of Anthropic gives them (cost_report), pages or buckets.',
'Quantities, unit prices and list prices; BillingAccountId; RegionId, ResourceId, InvoiceId; model and direction of tokens unless grouped by description.',
true),
('anthropic-usage', 'Anthropic', '{results uncachedinputtokens startingat}',
$$
	SELECT file, line, (bucket - 'results') || result, result, bucket, kind.*
	FROM raw,
		jsonb_array_elements(CASE jsonb_typeof(record -> 'data') WHEN 'array' THEN record -> 'data' ELSE jsonb_build_array(record) END) AS bucket,
		jsonb_array_elements(CASE jsonb_typeof(bucket -> 'results') WHEN 'array' THEN bucket -> 'results' ELSE '[]' END) AS result,
		LATERAL (VALUES
			('Input Tokens', 'Input', NULL, NULL, 'Tokens', result ->> 'uncached_input_tokens'),
			('Cache Read Input Tokens', 'Input', 'Read', NULL, 'Tokens', result ->> 'cache_read_input_tokens'),
			('Cache Write Input Tokens', 'Input', 'Write', '5m', 'Tokens', result #>> '{cache_creation,ephemeral_5m_input_tokens}'),
			('Cache Write Input Tokens', 'Input', 'Write', '1h', 'Tokens', result #>> '{cache_creation,ephemeral_1h_input_tokens}'),
			('Output Tokens', 'Output', NULL, NULL, 'Tokens', result ->> 'output_tokens'),
			('Web Searches', NULL, NULL, NULL, 'Requests', result #>> '{server_tool_use,web_search_requests}'))
			AS kind (meter, direction, cache, duration, unit, quantity)
	WHERE @extschema@.focus_number(kind.quantity) <> 0
$$,
NULL,
'Token usage of an organisation as the Admin API of Anthropic gives it (usage_report/messages), pages or buckets.',
'Costs, which are in anthropic-cost and 0 here; prices; BillingAccountId, BillingCurrency, RegionId, ResourceId, InvoiceId.',
true),
('litellm', NULL, '{requestid spend prompttokens completiontokens}',
$$
	-- Tokens of the prompt that were read from a cache or written to one are
	-- told in several places.
	WITH request AS
	(
		SELECT file, line, (record - '{messages,response,proxy_server_request}'::text[]) #- '{metadata,model_map_information}' AS record, cells,
			@extschema@.focus_number(cells ->> 'spend') AS spend,
			coalesce(@extschema@.focus_number(cells ->> 'prompttokens'), 0) AS prompt,
			coalesce(@extschema@.focus_number(cells ->> 'completiontokens'), 0) AS completion,
			coalesce(@extschema@.focus_number(coalesce(cells #>> '{metadata,usage_object,prompt_tokens_details,cached_tokens}',
				cells #>> '{metadata,usage_object,cache_read_input_tokens}', cells #>> '{metadata,additional_usage_values,cache_read_input_tokens}',
				cells #>> '{metadata,additional_usage_values,prompt_tokens_details,cached_tokens}')), 0) AS cache_read,
			coalesce(@extschema@.focus_number(coalesce(cells #>> '{metadata,usage_object,cache_creation_input_tokens}',
				cells #>> '{metadata,usage_object,prompt_tokens_details,cache_creation_tokens}',
				cells #>> '{metadata,additional_usage_values,cache_creation_input_tokens}')), 0) AS cache_write,
			cells #> '{metadata,model_map_information,model_map_value}' AS price
		FROM raw
	),
	kind AS
	(
		SELECT r.*, k.*
		FROM request AS r,
		LATERAL (VALUES
			(1, 'Input Tokens', 'Input', NULL, 'Tokens',
				CASE WHEN cache_read + cache_write <= prompt THEN prompt - cache_read - cache_write ELSE prompt END,
				@extschema@.focus_number(price ->> 'input_cost_per_token')),
			(2, 'Cache Read Input Tokens', 'Input', 'Read', 'Tokens', cache_read,
				@extschema@.focus_number(coalesce(price ->> 'cache_read_input_token_cost', price ->> 'input_cost_per_token'))),
			(3, 'Cache Write Input Tokens', 'Input', 'Write', 'Tokens', cache_write,
				@extschema@.focus_number(coalesce(price ->> 'cache_creation_input_token_cost', price ->> 'input_cost_per_token'))),
			(4, 'Output Tokens', 'Output', NULL, 'Tokens', completion, @extschema@.focus_number(price ->> 'output_cost_per_token')),
			(5, 'Requests', NULL, NULL, 'Requests',
				CASE WHEN prompt = 0 AND completion = 0 AND cache_read = 0 AND cache_write = 0 THEN 1 ELSE 0 END, 1))
			AS k (ordinal, meter, direction, cache, unit, quantity, unit_price)
		WHERE k.quantity <> 0
	),
	weighed AS
	(
		SELECT *, bool_and(unit_price >= 0 AND unit_price < 'NaN') OVER request IS TRUE
			AND count(unit_price) OVER request = count(*) OVER request
			AND sum(quantity * coalesce(unit_price, 0)) OVER request > 0 AS has_prices
		FROM kind WINDOW request AS (PARTITION BY file, line)
	)
	SELECT file, line, record, cells, meter, direction, cache, unit, quantity,
		CASE WHEN has_prices THEN 'price' ELSE 'tokens' END AS split,
		CASE WHEN spend < 'NaN' AND bool_and(quantity > 0 AND quantity < 'NaN') OVER request THEN
			trim_scale(@extschema@.focus_share(spend, CASE WHEN quantity > 0 AND quantity < 'NaN'
				THEN CASE WHEN has_prices THEN quantity * unit_price ELSE quantity END ELSE 0 END, greatest(scale(spend), 18)) OVER request)
			ELSE 'NaN' END AS cost, spend IS NULL AS unpriced
	FROM weighed WINDOW request AS (PARTITION BY file, line ORDER BY ordinal)
$$,
$$CASE WHEN unpriced THEN 'request has no spend' END$$,
'Spend logs of a LiteLLM proxy: rows of its table LiteLLM_SpendLogs, or of its API.',
'BilledCost is what LiteLLM reckons, not an invoice. List prices; BillingCurrency, which LiteLLM takes for USD; RegionId, InvoiceId.',
true);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT m.mapping, c.columnname, c.expression
FROM unnest('{openai-cost,openai-usage,anthropic-cost,anthropic-usage,litellm}'::text[]) AS m (mapping),
(VALUES
('ChargeCategory', $$'Usage'$$),
('ChargeFrequency', $$'Usage-Based'$$),
('PricingCategory', $$'Standard'$$),
('ServiceCategory', $$'AI and Machine Learning'$$),
('ServiceSubcategory', $$'Generative AI'$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT m.mapping, c.columnname, c.expression
FROM unnest('{openai-cost,openai-usage}'::text[]) AS m (mapping),
(VALUES
('BillingAccountId', $$record ->> 'organization_id'$$),
('BillingPeriodEnd', $$date_trunc('month', begins) + interval '1 month'$$),
('BillingPeriodStart', $$date_trunc('month', begins)$$),
('ChargePeriodEnd', $$ends$$),
('ChargePeriodStart', $$begins$$),
('HostProviderName', $$'OpenAI'$$),
('InvoiceIssuerName', $$'OpenAI'$$),
('ProviderName', $$'OpenAI'$$),
('PublisherName', $$'OpenAI'$$),
('ServiceName', $$'OpenAI API'$$),
('SubAccountId', $$record ->> 'project_id'$$),
('SubAccountName', $$record ->> 'project_name'$$),
('SubAccountType', $$CASE WHEN record ->> 'project_id' IS NOT NULL THEN 'Project' END$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT 'openai-cost', c.columnname, c.expression
FROM (VALUES
('BilledCost', $$record #>> '{amount,value}'$$),
('BillingCurrency', $$upper(record #>> '{amount,currency}')$$),
('ChargeDescription', $$record ->> 'line_item'$$),
('ContractedCost', $$record #>> '{amount,value}'$$),
('EffectiveCost', $$record #>> '{amount,value}'$$),
('ListCost', $$record #>> '{amount,value}'$$),
('SkuId', $$record ->> 'line_item'$$),
('SkuMeter', $$CASE WHEN record ->> 'line_item' ~* 'cached input' THEN 'Cache Read Input Tokens'
	WHEN record ->> 'line_item' ~* '\yinput$' THEN 'Input Tokens' WHEN record ->> 'line_item' ~* '\youtput$' THEN 'Output Tokens' END$$),
('SkuPriceDetails', $$CASE WHEN record ->> 'line_item' LIKE '%, %' THEN
	jsonb_build_object('ModelDeveloper', 'OpenAI', 'ModelId', split_part(record ->> 'line_item', ', ', 1)) END$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT 'openai-usage', c.columnname, c.expression
FROM (VALUES
('BilledCost', $$0$$), ('ContractedCost', $$0$$), ('EffectiveCost', $$0$$), ('ListCost', $$0$$),
('ChargeDescription', $$concat_ws(', ', record ->> 'model', meter)$$),
('ConsumedQuantity', $$tokens$$),
('ConsumedUnit', $$'Tokens'$$),
('SkuId', $$record ->> 'model'$$),
('SkuMeter', $$meter$$),
('SkuPriceDetails', $$jsonb_strip_nulls(jsonb_build_object('ModelDeveloper', 'OpenAI', 'ModelId', record ->> 'model',
	'TokenDirection', direction, 'TokenCacheAction', cache, 'x_Batch', record -> 'batch', 'x_ServiceTier', record ->> 'service_tier'))$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT m.mapping, c.columnname, c.expression
FROM unnest('{anthropic-cost,anthropic-usage}'::text[]) AS m (mapping),
(VALUES
('BillingPeriodEnd', $$date_trunc('month', @extschema@.focus_instant(record ->> 'starting_at')) + interval '1 month'$$),
('BillingPeriodStart', $$date_trunc('month', @extschema@.focus_instant(record ->> 'starting_at'))$$),
('ChargePeriodEnd', $$record ->> 'ending_at'$$),
('ChargePeriodStart', $$record ->> 'starting_at'$$),
('HostProviderName', $$'Anthropic'$$),
('InvoiceIssuerName', $$'Anthropic'$$),
('ProviderName', $$'Anthropic'$$),
('PublisherName', $$'Anthropic'$$),
('ServiceName', $$'Claude API'$$),
('SkuId', $$record ->> 'model'$$),
('SubAccountId', $$record ->> 'workspace_id'$$),
('SubAccountType', $$CASE WHEN record ->> 'workspace_id' IS NOT NULL THEN 'Workspace' END$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT 'anthropic-cost', c.columnname, c.expression
FROM (VALUES
-- amounts are in cents
('BilledCost', $$@extschema@.focus_number(record ->> 'amount') * 0.01$$),
('BillingCurrency', $$upper(record ->> 'currency')$$),
('ChargeDescription', $$coalesce(record ->> 'description', record ->> 'cost_type')$$),
('ContractedCost', $$@extschema@.focus_number(record ->> 'amount') * 0.01$$),
('EffectiveCost', $$@extschema@.focus_number(record ->> 'amount') * 0.01$$),
('ListCost', $$@extschema@.focus_number(record ->> 'amount') * 0.01$$),
('SkuMeter', $$CASE WHEN record ->> 'token_type' = 'uncached_input_tokens' THEN 'Input Tokens'
	WHEN record ->> 'token_type' = 'output_tokens' THEN 'Output Tokens'
	WHEN record ->> 'token_type' LIKE 'cache_read%' THEN 'Cache Read Input Tokens'
	WHEN record ->> 'token_type' LIKE 'cache_creation%' THEN 'Cache Write Input Tokens'
	ELSE record ->> 'cost_type' END$$),
('SkuPriceDetails', $$CASE WHEN record ->> 'model' IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('ModelDeveloper', 'Anthropic', 'ModelId', record ->> 'model',
	'TokenDirection', CASE WHEN record ->> 'token_type' = 'output_tokens' THEN 'Output' WHEN record ->> 'token_type' IS NOT NULL THEN 'Input' END,
	'TokenCacheAction', CASE WHEN record ->> 'token_type' LIKE 'cache_read%' THEN 'Read' WHEN record ->> 'token_type' LIKE 'cache_creation%' THEN 'Write' END,
	'x_ServiceTier', record ->> 'service_tier', 'x_ContextWindow', record ->> 'context_window')) END$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT 'anthropic-usage', c.columnname, c.expression
FROM (VALUES
('BilledCost', $$0$$), ('ContractedCost', $$0$$), ('EffectiveCost', $$0$$), ('ListCost', $$0$$),
('ChargeDescription', $$concat_ws(', ', record ->> 'model', meter)$$),
('ConsumedQuantity', $$quantity$$),
('ConsumedUnit', $$unit$$),
('SkuMeter', $$meter$$),
('SkuPriceDetails', $$jsonb_strip_nulls(jsonb_build_object('ModelDeveloper', 'Anthropic', 'ModelId', record ->> 'model',
	'TokenDirection', direction, 'TokenCacheAction', cache, 'x_CacheDuration', duration,
	'x_ServiceTier', record ->> 'service_tier', 'x_ContextWindow', record ->> 'context_window'))$$)) AS c (columnname, expression);

INSERT INTO focus_mapping_columns (mapping, columnname, expression)
SELECT 'litellm', c.columnname, c.expression
FROM (VALUES
('BilledCost', $$cost$$), ('ContractedCost', $$cost$$), ('EffectiveCost', $$cost$$), ('ListCost', $$cost$$),
('BillingAccountId', $$coalesce(NULLIF(cells ->> 'organizationid', ''), 'LiteLLM')$$),
('BillingCurrency', $$'USD'$$),
('BillingPeriodEnd', $$date_trunc('month', @extschema@.focus_instant(cells ->> 'starttime')) + interval '1 month'$$),
('BillingPeriodStart', $$date_trunc('month', @extschema@.focus_instant(cells ->> 'starttime'))$$),
('ChargeDescription', $$concat_ws(', ', cells ->> 'calltype', cells ->> 'model', meter)$$),
('ChargePeriodEnd', $$@extschema@.focus_instant(cells ->> 'endtime')$$),
('ChargePeriodStart', $$@extschema@.focus_instant(cells ->> 'starttime')$$),
('ConsumedQuantity', $$quantity$$),
('ConsumedUnit', $$unit$$),
('InvoiceIssuerName', $$'LiteLLM'$$),
('ResourceId', $$coalesce(NULLIF(cells ->> 'modelid', ''), cells ->> 'model')$$),
('ResourceName', $$cells ->> 'model'$$),
('ResourceType', $$'Model'$$),
('ServiceName', $$coalesce(NULLIF(cells ->> 'modelgroup', ''), cells ->> 'model')$$),
('ServiceProviderName', $$CASE cells ->> 'customllmprovider' WHEN 'openai' THEN 'OpenAI' WHEN 'anthropic' THEN 'Anthropic'
	WHEN 'azure' THEN 'Microsoft' WHEN 'azure_ai' THEN 'Microsoft' WHEN 'bedrock' THEN 'AWS' WHEN 'vertex_ai' THEN 'Google Cloud'
	WHEN 'gemini' THEN 'Google Cloud' ELSE coalesce(NULLIF(cells ->> 'customllmprovider', ''), 'LiteLLM') END$$),
('SkuId', $$cells ->> 'model'$$),
('SkuMeter', $$meter$$),
('SkuPriceDetails', $$jsonb_strip_nulls(jsonb_build_object('ModelId', cells ->> 'model', 'TokenDirection', direction, 'TokenCacheAction', cache,
	'x_CostSplitBy', CASE WHEN direction IS NOT NULL THEN split END))$$),
('SubAccountId', $$NULLIF(cells ->> 'teamid', '')$$),
('SubAccountName', $$cells #>> '{metadata,user_api_key_team_alias}'$$),
('SubAccountType', $$CASE WHEN cells ->> 'teamid' <> '' THEN 'Team' END$$),
('Tags', $$(SELECT jsonb_object_agg(t, true) FROM jsonb_array_elements_text(CASE jsonb_typeof(cells -> 'requesttags')
	WHEN 'array' THEN cells -> 'requesttags' ELSE '[]' END) AS t WHERE t <> '')$$)) AS c (columnname, expression);
