-- Mappings of what OpenAI, Anthropic and LiteLLM tell.
\set main :DBNAME
CREATE DATABASE regress_focus_mappings TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_mappings
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';

-- OpenAI: costs, and usage with a part of the input cached
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'openai');
{"object": "page", "data": [
  {"object": "bucket", "start_time": 1790812800, "end_time": 1790899200, "results": [
    {"object": "organization.costs.result", "amount": {"value": 0.06, "currency": "usd"}, "line_item": "gpt-5-mini-2025-08-07, cached input", "project_id": "proj_1", "organization_id": "org-1"},
    {"object": "organization.costs.result", "amount": {"value": "1.000000000000000000001", "currency": "usd"}, "line_item": "gpt-5-mini-2025-08-07, output", "project_id": "proj_1", "organization_id": "org-1"},
    {"object": "organization.costs.result", "amount": {"value": null, "currency": "usd"}, "line_item": null, "project_id": null, "organization_id": "org-1"}]},
  {"object": "bucket", "start_time": 1790899200, "end_time": 1790985600, "results": []}],
 "has_more": false, "next_page": null}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'openai usage', mode 'append');
{"object": "page", "data": [{"object": "bucket", "start_time": 1790812800, "end_time": 1790899200, "results": [
 {"object": "organization.usage.completions.result", "input_tokens": 1000, "output_tokens": 500, "input_cached_tokens": 800, "num_model_requests": 5, "model": "gpt-5-mini", "project_id": "proj_1"}]}]}
\.
-- Anthropic: amounts are in cents
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'anthropic');
{"data": [{"starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-10-02T00:00:00Z", "results": [
 {"currency": "USD", "amount": "123.78912", "workspace_id": null, "description": null, "cost_type": null, "model": null, "token_type": null},
 {"currency": "USD", "amount": "7", "workspace_id": "w", "description": "Cache", "cost_type": "tokens", "model": "claude-opus-5", "token_type": "cache_creation.ephemeral_5m_input_tokens"},
 {"currency": "USD", "amount": "much", "workspace_id": "w"}]}], "has_more": false, "next_page": null}
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'anthropic usage', mode 'append');
{"data": [{"starting_at": "2026-10-01T00:00:00Z", "ending_at": "2026-10-02T00:00:00Z", "results": [
 {"uncached_input_tokens": 1500, "cache_read_input_tokens": 200, "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 0}, "output_tokens": 500, "server_tool_use": {"web_search_requests": 10}, "model": "claude-opus-5"}]}]}
\.
SELECT source, mapping, rows_stored, rows_rejected, totals FROM focus_loads WHERE source ~ 'openai|anthropic' ORDER BY loadid;
SELECT serviceprovidername, billedcost, skumeter, consumedquantity, consumedunit, subaccountid, skupricedetails
FROM focus_cost_and_usage WHERE servicecategory = 'AI and Machine Learning' ORDER BY serviceprovidername, billedcost, skumeter COLLATE "C";
SELECT DISTINCT serviceprovidername, billingperiodstart, chargeperiodstart, chargeperiodend FROM focus_cost_and_usage
WHERE servicecategory = 'AI and Machine Learning' ORDER BY 1;

-- LiteLLM's table
CREATE TABLE "LiteLLM_SpendLogs" (request_id text PRIMARY KEY, call_type text, api_key text DEFAULT '', spend double precision DEFAULT 0,
	total_tokens int DEFAULT 0, prompt_tokens int DEFAULT 0, completion_tokens int DEFAULT 0, "startTime" timestamp(3), "endTime" timestamp(3),
	model text, model_group text DEFAULT '', custom_llm_provider text DEFAULT '', team_id text, organization_id text,
	metadata jsonb DEFAULT '{}', request_tags jsonb DEFAULT '[]', messages jsonb DEFAULT '{}');
INSERT INTO "LiteLLM_SpendLogs" (request_id, call_type, spend, prompt_tokens, completion_tokens, "startTime", "endTime", model, custom_llm_provider, team_id, metadata, request_tags, messages) VALUES
	('r1', 'acompletion', 0.00022500000000000002, 10, 20, '2026-10-01 09:20:46.847', '2026-10-01 09:20:47', 'gpt-4o', 'openai', 't1',
	 '{"model_map_information": {"model_map_value": {"input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}}}', '["batch", "eu"]', '{"secret": 1}'),
	('r2', 'acompletion', 0.01, 1000, 100, '2026-10-31 23:59:59.999', '2026-11-01 00:00:01', 'claude-opus-5', 'anthropic', '',
	 '{"usage_object": {"cache_read_input_tokens": 700, "cache_creation_input_tokens": 200, "prompt_tokens": 1000},
	   "model_map_information": {"model_map_value": {"input_cost_per_token": 0.000005, "output_cost_per_token": 0.000025, "cache_read_input_token_cost": 0.0000005, "cache_creation_input_token_cost": 0.00000625}}}', '[]', '{}'),
	('r3', 'aembedding', 0.001, 3, 0, '2026-11-02 00:00:00', '2026-11-02 00:00:00', 'house-model', '', NULL, '{}', '[]', '{}'),
	('r4', 'image', 0.04, 0, 0, '2026-11-02 00:00:00', '2026-11-02 00:00:05', 'dall-e-3', 'openai', NULL, '{}', '[]', '{}'),
	('r5', 'acompletion', NULL, 1, 1, '2026-11-02 00:00:00', '2026-11-02 00:00:05', 'gpt-4o', 'openai', NULL, '{}', '[]', '{}');
SELECT rows_stored, rows_rejected, totals FROM focus_load_litellm('"LiteLLM_SpendLogs"');
SELECT billingperiodstart, mode, rows_stored, rows_rejected FROM focus_loads WHERE source = 'litellm' ORDER BY loadid;
SELECT x_columns ->> 'request_id' AS request, serviceprovidername, skumeter, consumedquantity, consumedunit, billedcost, skupricedetails, subaccountid, tags
FROM focus_cost_and_usage JOIN focus_loads ON loadid = x_loadid WHERE source = 'litellm' ORDER BY 1, skumeter COLLATE "C";
-- each request has cost what the table says, in the text that PostgreSQL writes of it
SELECT request_id, spend::text::numeric = sum(billedcost) AS equal FROM "LiteLLM_SpendLogs"
JOIN focus_cost_and_usage ON x_columns ->> 'request_id' = request_id GROUP BY request_id ORDER BY request_id;
SELECT x_columns - 'metadata' AS x_columns FROM focus_cost_and_usage WHERE skumeter = 'Requests';
-- once more: nothing; later: what is new, although old ones have gone from the table
SELECT rows_stored, rows_rejected FROM focus_load_litellm('"LiteLLM_SpendLogs"');
-- one in quarantine is not tried again, until it is mended and its row deleted
SELECT count(*) FROM focus_rejected_rows WHERE record ->> 'request_id' = 'r5';
UPDATE "LiteLLM_SpendLogs" SET spend = 0.125 WHERE request_id = 'r5';
SELECT rows_stored, rows_rejected FROM focus_load_litellm('"LiteLLM_SpendLogs"');
DELETE FROM focus_rejected_rows WHERE record ->> 'request_id' = 'r5';
SELECT rows_stored, rows_rejected, totals FROM focus_load_litellm('"LiteLLM_SpendLogs"');
SELECT rows_stored, rows_rejected FROM focus_load_litellm('"LiteLLM_SpendLogs"');
DELETE FROM "LiteLLM_SpendLogs" WHERE request_id IN ('r1', 'r5');
INSERT INTO "LiteLLM_SpendLogs" (request_id, spend, prompt_tokens, "startTime", "endTime", model) VALUES ('r6', 0.5, 2, '2026-10-02', '2026-10-02', 'gpt-4o'),
	('r7', 0.25, 2, '2026-11-03', '2026-11-03', 'gpt-4o');
SELECT rows_stored, totals FROM focus_load_litellm('"LiteLLM_SpendLogs"', since => '2026-11-01');
SELECT rows_stored, totals FROM focus_load_litellm('"LiteLLM_SpendLogs"');
SELECT rows_stored, rows_rejected FROM focus_load_litellm('"LiteLLM_SpendLogs"');
SELECT count(*), count(DISTINCT x_columns ->> 'request_id') AS requests, sum(billedcost) FROM focus_cost_and_usage JOIN focus_loads ON loadid = x_loadid WHERE source = 'litellm';
-- taken back, it can be loaded again
SELECT focus_unload(deliveryid) FROM focus_loads WHERE source = 'litellm' AND totals -> 'USD' ->> 'billedcost' = '0.25';
SELECT rows_stored, totals FROM focus_load_litellm('"LiteLLM_SpendLogs"');
SELECT rows_stored FROM focus_load_litellm(NULL);
SELECT rows_stored FROM focus_load_litellm('focus_sources');
DROP TABLE "LiteLLM_SpendLogs";

\c :main
DROP DATABASE regress_focus_mappings;
