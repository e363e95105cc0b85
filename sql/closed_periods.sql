-- Closed billing periods: corrections only, until the period is reopened.
\set main :DBNAME
CREATE DATABASE regress_focus_load TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_load
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'Asia/Kolkata';
-- errors without the time of the closing
CREATE FUNCTION deliver(lines text, options text DEFAULT '') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	program text := 'printf ''BillingPeriodStart,ChargeClass,BilledCost\n' || replace(lines, E'\n', '\n') || '\n''';
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE format('COPY focus_cost_and_usage FROM PROGRAM %L WITH (FORMAT focus %s)', program, options);
	RETURN 'loaded';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT;
	detail := replace(replace(regexp_replace(detail, 'at 20.* UTC', 'at ... UTC'), current_user, 'somebody'), program, '...');
	RETURN concat_ws(E'\n', state || ' ' || message, nullif(detail, ''), nullif(hint, ''));
END;
$$;
\set SHOW_CONTEXT never
\pset format unaligned
CREATE VIEW loads AS
SELECT source, to_char(billingperiodstart AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS period, state, mode, rows_stored FROM focus_loads ORDER BY loadid;
CREATE VIEW closings AS
SELECT source, to_char(billingperiodstart AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS period, closed_by = current_user AS by_me, reason,
	reopened_at >= closed_at AS reopened, reopened_by = current_user AS reopened_by_me, reopen_reason
FROM focus_closed_periods ORDER BY closingid;

SELECT deliver('2025-01-01,,1\n2025-01-15,,2\n2025-02-01,,4', ', source aws');
SELECT deliver('2025-01-01,,8', ', source gcp');
-- any day of the month, all periods that begin in it
SELECT focus_close_period('aws', '2025-01-31', 'invoice booked');
SELECT focus_close_period('aws', '2025-01-01');
SELECT * FROM closings;

-- refused: a replacement, an addition, a new period of the month
SELECT deliver('2025-01-01,,3', ', source aws, mode replace');
SELECT deliver('2025-01-15,,3', ', source aws, mode append');
SELECT deliver('2025-01-31,,3', ', source aws');
SELECT deliver('2025-01-01,correction,3', ', source aws, mode append') ~ '^55000.*is closed' AS spelled_otherwise;
-- all of the delivery, and when one row of many is no correction
SELECT deliver('2025-02-01,,5\n2025-01-01,,3', ', source aws, mode replace');
SELECT deliver('2025-01-01,Correction,3\n2025-01-01,,3', ', source aws, mode append');
-- the same content changes nothing, so it may come again
SELECT deliver('2025-01-01,,1\n2025-01-15,,2\n2025-02-01,,4', ', source aws');
-- other months and sources are open
SELECT deliver('2025-02-01,,5', ', source aws, mode replace');
SELECT deliver('2025-01-01,,9', ', source gcp, mode replace');
-- corrections: only as an addition, and told apart in the log
SELECT deliver('2025-01-01,Correction,-1', ', source aws, mode replace');
SELECT deliver('2025-01-01,Correction,-1', ', source aws');
SELECT deliver('2025-01-01,Correction,-1\n2025-01-28,Correction,-2\n2025-02-01,,1', ', source aws, mode append');
SELECT * FROM loads;
SELECT focus_unload(deliveryid) FROM focus_loads WHERE source = 'aws' AND billingperiodstart = '2025-01-15Z';
SELECT sum(billedcost) FROM focus_cost_and_usage;

-- Reopening takes a reason and the name that was closed.
SELECT focus_reopen_period('aws', '2025-01-01', NULL);
SELECT focus_reopen_period('aws', '2025-01-01', ' ');
SELECT focus_reopen_period('gcp', '2025-01-01', 'x');
SELECT focus_reopen_period(NULL, '2025-01-01', 'x');
SELECT focus_reopen_period('aws', NULL, 'x');
SELECT focus_reopen_period('aws', 'infinity', 'x');
SELECT focus_reopen_period('aws', '2025-01-05', ' restated after dispute 17');
SELECT deliver('2025-01-01,,3', ', source aws, mode replace');
SELECT focus_unload(deliveryid) FROM focus_loads WHERE source = 'aws' AND state = 'current' AND billingperiodstart = '2025-01-01Z';

-- All sources, those to come too
SELECT focus_close_period(NULL, '2025-01-01');
SELECT focus_close_period('aws', '2025-01-01');
SELECT deliver('2025-01-01,,3', ', source azure');
SELECT deliver('2025-01-01,,10', ', source gcp, mode replace') ~ '^55000.*is closed' AS refused;
SELECT focus_reopen_period('aws', '2025-01-01', 'late');
SELECT focus_reopen_period(NULL, '2025-01-01', 'late');
SELECT deliver('2025-01-01,,3', ', source azure');
SELECT focus_close_period('nobody', '2025-03-01');
SELECT focus_close_period(NULL, NULL);
SELECT * FROM closings;

-- What an account has in a closed period is closed under other names too.
CREATE FUNCTION account(source text, mode text, class text, cost numeric) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	program text := format('printf ''ProviderName,BillingAccountId,BillingPeriodStart,ChargeClass,BilledCost\nAWS,42,2025-04-01,%s,%s\n''', class, cost);
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE format('COPY focus_cost_and_usage FROM PROGRAM %L WITH (FORMAT focus, source %I, mode %I)', program, source, mode);
	RETURN 'loaded';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(E'\n', state || ' ' || message, regexp_replace(replace(detail, program, '...'), 'Load \d+', 'Load n'), hint);
END;
$$;
SELECT account('payer', 'append', '', 1);
SELECT account('other', 'append', '', 2);
SELECT focus_close_period('payer', '2025-04-01', 'booked');
SELECT account('another', 'append', '', 3);
SELECT account('another', 'replace', '', 3);
SELECT account('AWS/42', 'append', '', 3);
SELECT account('other', 'replace', '', 3);
SELECT account('another', 'append', 'Correction', -1);
SELECT * FROM loads WHERE period = '2025-04-01';
SELECT focus_reopen_period('payer', '2025-04-01', 'restated');
SELECT account('another', 'append', '', 3);

-- Contract Commitment has no billing period; what others have closed has to be seen.
COPY focus_contract_commitment FROM STDIN WITH (FORMAT focus, source 'nobody');
BillingCurrency,ContractCommitmentCost,ContractCommitmentId,ContractId
EUR,1,CC-2,C-1
\.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT focus_unload(1);
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT focus_close_period('aws', '2025-01-01');
ROLLBACK;

-- A role that loads cannot close, nor reopen.
CREATE ROLE regress_focus_loader;
GRANT SELECT ON focus_closed_periods, focus_loads TO regress_focus_loader;
SET ROLE regress_focus_loader;
SELECT focus_close_period('aws', '2025-02-01');
SELECT focus_reopen_period('nobody', '2025-03-01', 'mine');
RESET ROLE;
DROP OWNED BY regress_focus_loader;
DROP ROLE regress_focus_loader;
\c :main
DROP DATABASE regress_focus_load;
