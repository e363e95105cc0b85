-- Who may load: privileges, row-level security, other owners.
\set main :DBNAME
CREATE DATABASE regress_focus_load TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_focus_load
CREATE EXTENSION focus;
LOAD 'focus';
SET TimeZone = 'UTC';
CREATE ROLE regress_focus_loader;
CREATE ROLE regress_focus_nobody;

-- Without privileges: nothing, by any way.
SET ROLE regress_focus_nobody;
SELECT * FROM focus_load('/nowhere.csv');
COPY focus_cost_and_usage FROM '/nowhere.csv' WITH (FORMAT focus);
COPY focus_cost_and_usage FROM PROGRAM 'true' WITH (FORMAT focus);
\copy focus_cost_and_usage FROM PROGRAM 'true' WITH (FORMAT focus, source 's')
SELECT focus_unload(1);
RESET ROLE;

-- The privileges that docs/reference/loading.md names.
GRANT SELECT, INSERT, DELETE ON focus_cost_and_usage, focus_contract_commitment TO regress_focus_loader;
GRANT SELECT, INSERT, UPDATE ON focus_loads TO regress_focus_loader;
GRANT SELECT, INSERT, DELETE ON focus_rejected_rows TO regress_focus_loader;
GRANT SELECT, INSERT, UPDATE, DELETE ON focus_load_findings TO regress_focus_loader;
GRANT SELECT, INSERT, UPDATE ON focus_dataset_instances, focus_time_sectors TO regress_focus_loader;
GRANT SELECT ON focus_sources, focus_closed_periods TO regress_focus_loader;
GRANT USAGE ON SEQUENCE focus_loadid_seq TO regress_focus_loader;

SET ROLE regress_focus_loader;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 's');
BilledCost,BillingPeriodStart,Tags
1,2025-01-01T00:00:00Z,not tags
x,2025-01-01T00:00:00Z,
\.
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 's', mode 'replace');
BilledCost,BillingPeriodStart
2,2025-01-01T00:00:00Z
\.
COPY focus_contract_commitment FROM STDIN WITH (FORMAT focus, source 's');
BillingCurrency,ContractCommitmentCost,ContractCommitmentId,ContractId
EUR,1,CC-2,C-1
\.
SELECT focus_unload(deliveryid) FROM focus_loads WHERE dataset = 'ContractCommitment';
SELECT source, state, rows_stored, rows_rejected, loaded_by FROM focus_loads ORDER BY loadid;
-- without the right on the dataset itself
RESET ROLE;
REVOKE INSERT ON focus_cost_and_usage FROM regress_focus_loader;
SET ROLE regress_focus_loader;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'no right');
BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z
\.
RESET ROLE;
GRANT INSERT ON focus_cost_and_usage TO regress_focus_loader;
SET ROLE regress_focus_loader;
-- files of the server take the role that PostgreSQL has for them
SELECT * FROM focus_load('/nowhere.csv');
RESET ROLE;
GRANT pg_read_server_files TO regress_focus_loader;
SET ROLE regress_focus_loader;
SELECT * FROM focus_load('/nowhere.csv');
RESET ROLE;

-- Row-level security: a role that it binds may neither load nor unload, since
-- it could not see what it meets.
ALTER TABLE focus_cost_and_usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON focus_cost_and_usage TO regress_focus_loader USING (billedcost < 2) WITH CHECK (true);
SET ROLE regress_focus_loader;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'rls');
BilledCost,BillingPeriodStart
1,2025-01-01T00:00:00Z
\.
SELECT focus_unload(deliveryid) FROM focus_loads WHERE state = 'current';
RESET ROLE;
ALTER TABLE focus_cost_and_usage DISABLE ROW LEVEL SECURITY;
DROP POLICY mine ON focus_cost_and_usage;
-- hidden loads are not overlooked
ALTER TABLE focus_loads ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON focus_loads TO regress_focus_loader USING (source <> 's') WITH CHECK (true);
SET ROLE regress_focus_loader;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 's');
BilledCost,BillingPeriodStart
3,2025-01-01T00:00:00Z
\.
RESET ROLE;
ALTER TABLE focus_loads DISABLE ROW LEVEL SECURITY;
DROP POLICY mine ON focus_loads;
SELECT source, state, rows_stored FROM focus_loads ORDER BY loadid;
-- the owner is not bound and loads
ALTER TABLE focus_cost_and_usage ENABLE ROW LEVEL SECURITY;
COPY focus_cost_and_usage FROM STDIN WITH (FORMAT focus, source 'owner');
BilledCost,BillingPeriodStart
3,2025-01-01T00:00:00Z
\.
ALTER TABLE focus_cost_and_usage DISABLE ROW LEVEL SECURITY;
SELECT billedcost FROM focus_cost_and_usage ORDER BY 1;

-- A function that runs with its owner's rights loads for those who have none.
CREATE FUNCTION load_for_me() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	COPY public.focus_cost_and_usage FROM PROGRAM 'printf "BilledCost,BillingPeriodStart\n7,2025-01-01T00:00:00Z\n"'
		WITH (FORMAT focus, source 'definer');
END;
$$;
SET ROLE regress_focus_nobody;
SELECT load_for_me();
RESET ROLE;
SELECT source, rows_stored, loaded_by = current_user AS by_definer FROM focus_loads WHERE source = 'definer';

DROP FUNCTION load_for_me();
DROP OWNED BY regress_focus_loader, regress_focus_nobody;
DROP ROLE regress_focus_loader, regress_focus_nobody;
\c :main
DROP DATABASE regress_focus_load;
