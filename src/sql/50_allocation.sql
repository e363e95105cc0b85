-- Allocation, part one: what a cluster is, what drives the split, which method
-- splits what, and the tables that a run fills.  The run itself is in
-- 52_allocation_run.sql, the views are in 54_allocation_views.sql.

-- Methods --------------------------------------------------------------------

CREATE TABLE focus_allocation_methods
(
	method_id       text      NOT NULL CHECK (method_id ~ '\S'),
	version         integer   NOT NULL CHECK (version > 0),
	kind            text      NOT NULL
		CHECK (kind IN ('proportional', 'even', 'fixed_share', 'flat_fee')),
	driver_metrics  text[]    NOT NULL DEFAULT '{}',
	driver_weights  numeric[] NOT NULL DEFAULT '{}',
	idle_treatment  text      NOT NULL DEFAULT 'separate'
		CHECK (idle_treatment IN ('separate', 'shared')),
	scale           integer   NOT NULL DEFAULT 12 CHECK (scale BETWEEN 0 AND 30),
	valid_from      date      NOT NULL DEFAULT '-infinity',
	description     text      NOT NULL,
	builtin         boolean   NOT NULL DEFAULT false,
	PRIMARY KEY (method_id, version),
	CONSTRAINT focus_allocation_methods_drivers_check CHECK
		(cardinality(driver_metrics) = cardinality(driver_weights) AND
		 (kind = 'proportional') = (cardinality(driver_metrics) > 0) AND
		 array_position(driver_metrics, NULL) IS NULL AND
		 array_position(driver_weights, NULL) IS NULL AND
		 0 < ALL (driver_weights) AND 'Infinity'::numeric > ALL (driver_weights))
);
COMMENT ON TABLE focus_allocation_methods IS
'Documented ways to split a charge; a version that a run has used, or that ships with the extension, never changes.';
COMMENT ON COLUMN focus_allocation_methods.method_id IS
'What AllocatedMethodId of the allocated charges says.';
COMMENT ON COLUMN focus_allocation_methods.version IS
'A change of a method is a new version.';
COMMENT ON COLUMN focus_allocation_methods.kind IS
'proportional: by driver metrics; even: the same for each namespace; fixed_share: by focus_cluster_shares; flat_fee: all of it to the receiver of the pool.';
COMMENT ON COLUMN focus_allocation_methods.driver_metrics IS
'Metrics of focus_cluster_metrics that drive a proportional split.';
COMMENT ON COLUMN focus_allocation_methods.driver_weights IS
'Relative price of one unit of each driver metric.';
COMMENT ON COLUMN focus_allocation_methods.idle_treatment IS
'separate: capacity that nobody used is a row of its own; shared: it is spread over the namespaces by their use.';
COMMENT ON COLUMN focus_allocation_methods.scale IS
'Decimal places of the parts; an amount that has more keeps its own.';
COMMENT ON COLUMN focus_allocation_methods.valid_from IS
'First day (UTC) of the periods that the version is for.';
COMMENT ON COLUMN focus_allocation_methods.description IS
'The rule in words, as an auditor wants to read it.';
COMMENT ON COLUMN focus_allocation_methods.builtin IS
'Ships with the extension.';
SELECT pg_catalog.pg_extension_config_dump('focus_allocation_methods', 'WHERE NOT builtin');

INSERT INTO focus_allocation_methods
	(method_id, version, kind, driver_metrics, driver_weights, description, builtin)
VALUES
	('CPU_PROPORTIONAL', 1, 'proportional', '{cpu_core_hours}', '{1}',
	 'By CPU core-hours of each namespace; capacity that nobody used stays an idle row.', true),
	('MEMORY_PROPORTIONAL', 1, 'proportional', '{memory_gib_hours}', '{1}',
	 'By memory GiB-hours of each namespace; capacity that nobody used stays an idle row.', true),
	('CPU_MEMORY_PROPORTIONAL', 1, 'proportional', '{cpu_core_hours,memory_gib_hours}', '{9,1}',
	 'By CPU core-hours and memory GiB-hours, a core-hour counting nine times a GiB-hour; unused capacity of either stays an idle row.', true),
	('EVEN_SPLIT', 1, 'even', '{}', '{}',
	 'The same share for each namespace that used anything in the charge period.', true),
	('FIXED_SHARE', 1, 'fixed_share', '{}', '{}',
	 'By the percentages of focus_cluster_shares, which add up to 100.', true),
	('PLATFORM_FLAT_FEE', 1, 'flat_fee', '{}', '{}',
	 'All of it to the receiver named by the pool, as one platform row; it is not distributed.', true);

CREATE FUNCTION focus_internal.guard_allocation_methods() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	used	record;
BEGIN
	IF TG_OP IN ('INSERT', 'UPDATE') THEN
		IF NEW.builtin AND (TG_OP = 'INSERT' OR NOT OLD.builtin) THEN
			RAISE EXCEPTION 'cannot mark allocation method "%" as part of the extension', NEW.method_id
				USING ERRCODE = 'invalid_parameter_value',
					HINT = 'Leave "builtin" false; it decides what a dump contains.';
		END IF;
		IF cardinality(NEW.driver_metrics) <>
			(SELECT count(DISTINCT m) FROM unnest(NEW.driver_metrics) AS m) THEN
			RAISE EXCEPTION 'allocation method "%" names a driver metric twice', NEW.method_id
				USING ERRCODE = 'invalid_parameter_value';
		END IF;
		IF TG_OP = 'INSERT' THEN
			RETURN NEW;
		END IF;
	END IF;

	FOR used IN
		SELECT m.method_id, m.version, m.builtin
		FROM @extschema@.focus_allocation_methods AS m
		WHERE (TG_LEVEL = 'STATEMENT' OR (m.method_id, m.version) = (OLD.method_id, OLD.version))
			AND (m.builtin OR EXISTS
				(SELECT FROM @extschema@.focus_allocation_run_pools AS p
				 WHERE (p.method_id, p.method_version) = (m.method_id, m.version)))
		ORDER BY m.method_id, m.version
		LIMIT 1
	LOOP
		RAISE EXCEPTION 'cannot change version % of allocation method "%"', used.version, used.method_id
			USING ERRCODE = 'object_in_use',
				DETAIL = CASE WHEN used.builtin THEN 'It is part of the extension.'
							  ELSE 'Allocation runs have used it.' END,
				HINT = 'Insert a new version instead.';
	END LOOP;
	RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
COMMENT ON FUNCTION focus_internal.guard_allocation_methods() IS
'Keeps used and built-in versions of allocation methods as they are.';

CREATE TRIGGER focus_allocation_methods_guard
BEFORE INSERT OR UPDATE OR DELETE ON focus_allocation_methods
FOR EACH ROW EXECUTE FUNCTION focus_internal.guard_allocation_methods();
COMMENT ON TRIGGER focus_allocation_methods_guard ON focus_allocation_methods IS
'Used and built-in versions never change.';
CREATE TRIGGER focus_allocation_methods_guard_truncate
BEFORE TRUNCATE ON focus_allocation_methods
FOR EACH STATEMENT EXECUTE FUNCTION focus_internal.guard_allocation_methods();
COMMENT ON TRIGGER focus_allocation_methods_guard_truncate ON focus_allocation_methods IS
'Used and built-in versions never change.';

-- Clusters -------------------------------------------------------------------

CREATE TABLE focus_clusters
(
	cluster      text NOT NULL PRIMARY KEY CHECK (cluster ~ '\S'),
	description  text
);
COMMENT ON TABLE focus_clusters IS
'Shared platforms, such as Kubernetes clusters, whose charges are split among those who use them.';
COMMENT ON COLUMN focus_clusters.cluster IS
'Name, as in the driver data.';
COMMENT ON COLUMN focus_clusters.description IS
'For readers.';
SELECT pg_catalog.pg_extension_config_dump('focus_clusters', '');

CREATE TABLE focus_cluster_pools
(
	cluster         text NOT NULL REFERENCES focus_clusters ON UPDATE CASCADE,
	pool            text NOT NULL CHECK (pool ~ '\S'),
	method_id       text NOT NULL,
	method_version  integer,
	receiver        text CHECK (receiver ~ '\S' AND strpos(receiver, '/') = 0),
	description     text,
	PRIMARY KEY (cluster, pool),
	FOREIGN KEY (method_id, method_version) REFERENCES focus_allocation_methods
);
COMMENT ON TABLE focus_cluster_pools IS
'Kinds of cost of a cluster (node, shared, ...), and the method that splits each.';
COMMENT ON COLUMN focus_cluster_pools.cluster IS
'The cluster.';
COMMENT ON COLUMN focus_cluster_pools.pool IS
'Name of the pool, for example node or shared.';
COMMENT ON COLUMN focus_cluster_pools.method_id IS
'Method that splits the pool.';
COMMENT ON COLUMN focus_cluster_pools.method_version IS
'Version of the method; NULL takes the highest that is valid at the start of the period.';
COMMENT ON COLUMN focus_cluster_pools.receiver IS
'Who gets the pool''s cost under a flat_fee method.';
COMMENT ON COLUMN focus_cluster_pools.description IS
'For readers.';
SELECT pg_catalog.pg_extension_config_dump('focus_cluster_pools', '');

CREATE TABLE focus_cluster_charges
(
	cluster         text NOT NULL,
	pool            text NOT NULL,
	tag_key         text,
	tag_value       text,
	resource_id     text,
	sub_account_id  text,
	service_name    text,
	UNIQUE NULLS NOT DISTINCT
		(cluster, pool, tag_key, tag_value, resource_id, sub_account_id, service_name),
	FOREIGN KEY (cluster, pool) REFERENCES focus_cluster_pools ON UPDATE CASCADE ON DELETE CASCADE,
	CONSTRAINT focus_cluster_charges_tag_check
		CHECK (tag_value IS NULL OR tag_key IS NOT NULL),
	CONSTRAINT focus_cluster_charges_criterion_check
		CHECK (num_nonnulls(tag_key, resource_id, sub_account_id, service_name) > 0)
);
COMMENT ON TABLE focus_cluster_charges IS
'Rules that say which charges belong to a pool: each row is one rule, and a charge fits it when all its columns that are not NULL agree.';
COMMENT ON COLUMN focus_cluster_charges.cluster IS
'The cluster.';
COMMENT ON COLUMN focus_cluster_charges.pool IS
'The pool.';
COMMENT ON COLUMN focus_cluster_charges.tag_key IS
'The charge has a tag of this key.';
COMMENT ON COLUMN focus_cluster_charges.tag_value IS
'That tag has this value; NULL means any.';
COMMENT ON COLUMN focus_cluster_charges.resource_id IS
'ResourceId of the charge.';
COMMENT ON COLUMN focus_cluster_charges.sub_account_id IS
'SubAccountId of the charge.';
COMMENT ON COLUMN focus_cluster_charges.service_name IS
'ServiceName of the charge.';
SELECT pg_catalog.pg_extension_config_dump('focus_cluster_charges', '');

CREATE TABLE focus_cluster_shares
(
	cluster    text    NOT NULL,
	pool       text    NOT NULL,
	namespace  text    NOT NULL CHECK (namespace ~ '\S' AND strpos(namespace, '/') = 0),
	percent    numeric NOT NULL CHECK (percent > 0 AND percent <= 100),
	PRIMARY KEY (cluster, pool, namespace),
	FOREIGN KEY (cluster, pool) REFERENCES focus_cluster_pools ON UPDATE CASCADE ON DELETE CASCADE
);
COMMENT ON TABLE focus_cluster_shares IS
'Percentages of a pool under a fixed_share method; those of one pool add up to 100.';
COMMENT ON COLUMN focus_cluster_shares.cluster IS
'The cluster.';
COMMENT ON COLUMN focus_cluster_shares.pool IS
'The pool.';
COMMENT ON COLUMN focus_cluster_shares.namespace IS
'Who gets the share.';
COMMENT ON COLUMN focus_cluster_shares.percent IS
'The share in percent.';
SELECT pg_catalog.pg_extension_config_dump('focus_cluster_shares', '');

-- Driver data ----------------------------------------------------------------

CREATE TABLE focus_cluster_metrics
(
	cluster       text        NOT NULL CHECK (cluster ~ '\S'),
	namespace     text        CHECK (namespace ~ '\S' AND strpos(namespace, '/') = 0),
	workload      text        CHECK (workload ~ '\S'),
	period_start  timestamptz NOT NULL,
	period_end    timestamptz NOT NULL,
	metric        text        NOT NULL CHECK (metric ~ '\S'),
	quantity      numeric     NOT NULL CHECK (quantity >= 0 AND quantity < 'Infinity'),
	unit          text        NOT NULL CHECK (unit ~ '\S'),
	labels        focus_tags,
	CONSTRAINT focus_cluster_metrics_key UNIQUE NULLS NOT DISTINCT
		(cluster, namespace, workload, metric, period_start, period_end),
	CONSTRAINT focus_cluster_metrics_period_check CHECK
		(period_start < period_end AND isfinite(period_start) AND isfinite(period_end)),
	CONSTRAINT focus_cluster_metrics_capacity_check CHECK
		(namespace IS NOT NULL OR (workload IS NULL AND labels IS NULL))
);
COMMENT ON TABLE focus_cluster_metrics IS
'What namespaces used, and what clusters could hold, by half-open period.';
COMMENT ON COLUMN focus_cluster_metrics.cluster IS
'The cluster.';
COMMENT ON COLUMN focus_cluster_metrics.namespace IS
'The namespace; NULL in a row that says the capacity of the cluster.';
COMMENT ON COLUMN focus_cluster_metrics.workload IS
'The workload inside the namespace; NULL where the row is for the whole namespace.';
COMMENT ON COLUMN focus_cluster_metrics.period_start IS
'Start of the period.';
COMMENT ON COLUMN focus_cluster_metrics.period_end IS
'First instant after the period.';
COMMENT ON COLUMN focus_cluster_metrics.metric IS
'What is measured, for example cpu_core_hours, memory_gib_hours or gpu_hours.';
COMMENT ON COLUMN focus_cluster_metrics.quantity IS
'How much of it in the period: an amount over the period, not a rate.';
COMMENT ON COLUMN focus_cluster_metrics.unit IS
'Unit of the quantity, in the FOCUS unit format, for example Core-Hours.';
COMMENT ON COLUMN focus_cluster_metrics.labels IS
'Labels of the namespace, which become AllocatedTags.';
CREATE INDEX focus_cluster_metrics_period ON focus_cluster_metrics
	USING gist (tstzrange(period_start, period_end));
SELECT pg_catalog.pg_extension_config_dump('focus_cluster_metrics', '');

-- Runs -----------------------------------------------------------------------

CREATE TABLE focus_allocation_runs
(
	run_id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	cluster            text        NOT NULL,
	period_start       timestamptz NOT NULL,
	period_end         timestamptz NOT NULL,
	state              text        NOT NULL
		CHECK (state IN ('current', 'superseded', 'withdrawn')),
	started_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
	finished_at        timestamptz,
	run_by             text        NOT NULL DEFAULT current_user,
	origin_charges     bigint      NOT NULL DEFAULT 0,
	allocated_charges  bigint      NOT NULL DEFAULT 0,
	CHECK (period_start < period_end)
);
CREATE UNIQUE INDEX focus_allocation_runs_current ON focus_allocation_runs
	(cluster, period_start) WHERE state = 'current';
COMMENT ON TABLE focus_allocation_runs IS
'Each allocation of a cluster and period; the allocated charges of a run exist while it is current.';
COMMENT ON COLUMN focus_allocation_runs.run_id IS
'Number of the run.';
COMMENT ON COLUMN focus_allocation_runs.cluster IS
'The cluster.';
COMMENT ON COLUMN focus_allocation_runs.period_start IS
'Charges of ChargePeriodStart from here on were split.';
COMMENT ON COLUMN focus_allocation_runs.period_end IS
'First instant after the period.';
COMMENT ON COLUMN focus_allocation_runs.state IS
'current; superseded by a later run; or withdrawn by focus_withdraw_allocation.';
COMMENT ON COLUMN focus_allocation_runs.started_at IS
'When the run began.';
COMMENT ON COLUMN focus_allocation_runs.finished_at IS
'When the run had checked its result.';
COMMENT ON COLUMN focus_allocation_runs.run_by IS
'Role that ran it.';
COMMENT ON COLUMN focus_allocation_runs.origin_charges IS
'Charges that were split.';
COMMENT ON COLUMN focus_allocation_runs.allocated_charges IS
'Rows that they became.';
SELECT pg_catalog.pg_extension_config_dump('focus_allocation_runs', '');
COMMENT ON SEQUENCE focus_allocation_runs_run_id_seq IS
'Numbers for focus_allocation_runs.';
SELECT pg_catalog.pg_extension_config_dump('focus_allocation_runs_run_id_seq', '');

CREATE TABLE focus_allocation_run_pools
(
	run_id             bigint  NOT NULL REFERENCES focus_allocation_runs ON DELETE CASCADE,
	pool               text    NOT NULL,
	billing_currency   text,
	method_id          text    NOT NULL,
	method_version     integer NOT NULL,
	receiver           text,
	origin_charges     bigint  NOT NULL,
	allocated_charges  bigint  NOT NULL,
	billed_cost        numeric,
	effective_cost     numeric,
	UNIQUE NULLS NOT DISTINCT (run_id, pool, billing_currency),
	FOREIGN KEY (method_id, method_version) REFERENCES focus_allocation_methods
);
CREATE INDEX focus_allocation_run_pools_method ON focus_allocation_run_pools
	(method_id, method_version);
COMMENT ON TABLE focus_allocation_run_pools IS
'What each run split, by pool and currency, and by which version of which method.';
COMMENT ON COLUMN focus_allocation_run_pools.run_id IS
'The run.';
COMMENT ON COLUMN focus_allocation_run_pools.pool IS
'The pool.';
COMMENT ON COLUMN focus_allocation_run_pools.billing_currency IS
'BillingCurrency of the charges.';
COMMENT ON COLUMN focus_allocation_run_pools.method_id IS
'Method that split them.';
COMMENT ON COLUMN focus_allocation_run_pools.method_version IS
'Version of the method.';
COMMENT ON COLUMN focus_allocation_run_pools.receiver IS
'Receiver of a flat fee.';
COMMENT ON COLUMN focus_allocation_run_pools.origin_charges IS
'Charges that were split.';
COMMENT ON COLUMN focus_allocation_run_pools.allocated_charges IS
'Rows that they became.';
COMMENT ON COLUMN focus_allocation_run_pools.billed_cost IS
'BilledCost of both.';
COMMENT ON COLUMN focus_allocation_run_pools.effective_cost IS
'EffectiveCost of both.';
SELECT pg_catalog.pg_extension_config_dump('focus_allocation_run_pools', '');

CREATE TABLE focus_allocation_findings
(
	run_id         bigint NOT NULL REFERENCES focus_allocation_runs ON DELETE CASCADE,
	pool           text   NOT NULL,
	finding        text   NOT NULL
		CHECK (finding IN ('no_driver', 'no_usage', 'no_capacity', 'overcommitted', 'no_namespace')),
	metric         text,
	charge_periods bigint NOT NULL,
	first_start    timestamptz NOT NULL,
	last_start     timestamptz NOT NULL,
	UNIQUE NULLS NOT DISTINCT (run_id, pool, finding, metric)
);
COMMENT ON TABLE focus_allocation_findings IS
'What was missing or odd in the driver data of a run.';
COMMENT ON COLUMN focus_allocation_findings.run_id IS
'The run.';
COMMENT ON COLUMN focus_allocation_findings.pool IS
'The pool.';
COMMENT ON COLUMN focus_allocation_findings.finding IS
'no_driver: neither use nor capacity known; no_usage: capacity, but no use; no_capacity: use, but no capacity, so that idle is unknown; overcommitted: more use than capacity; no_namespace: nobody to split evenly among.';
COMMENT ON COLUMN focus_allocation_findings.metric IS
'The driver metric.';
COMMENT ON COLUMN focus_allocation_findings.charge_periods IS
'How many charge periods it was so.';
COMMENT ON COLUMN focus_allocation_findings.first_start IS
'Start of the first of them.';
COMMENT ON COLUMN focus_allocation_findings.last_start IS
'Start of the last of them.';
SELECT pg_catalog.pg_extension_config_dump('focus_allocation_findings', '');

-- One row per charge that a current run has split.  A charge has no key of its
-- own, so its whole content is its identity; equal charges are one row.  The
-- unique index is what makes it impossible to replace a charge twice.
CREATE TABLE focus_allocation_origins
(
	origin_id                     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	run_id                        bigint      NOT NULL REFERENCES focus_allocation_runs ON DELETE CASCADE,
	pool                          text        NOT NULL,
	charge_key                    bigint      NOT NULL,
	copies                        bigint      NOT NULL CHECK (copies > 0),
	chargeperiodstart             timestamptz NOT NULL,
	chargeperiodend               timestamptz,
	resourceid                    text,
	billingcurrency               text,
	billedcost                    numeric,
	effectivecost                 numeric,
	listcost                      numeric,
	contractedcost                numeric,
	pricingquantity               numeric,
	consumedquantity              numeric,
	pricingcurrencyeffectivecost  numeric,
	commitmentdiscountquantity    numeric
);
CREATE UNIQUE INDEX focus_allocation_origins_charge ON focus_allocation_origins
	(charge_key, chargeperiodstart, coalesce(resourceid, ''), coalesce(effectivecost, 0));
CREATE INDEX focus_allocation_origins_run ON focus_allocation_origins (run_id);
COMMENT ON TABLE focus_allocation_origins IS
'Charges that the current runs have split, with their metrics as they were.';
COMMENT ON COLUMN focus_allocation_origins.origin_id IS
'Number of the origin charge.';
COMMENT ON COLUMN focus_allocation_origins.run_id IS
'The run.';
COMMENT ON COLUMN focus_allocation_origins.pool IS
'The pool.';
COMMENT ON COLUMN focus_allocation_origins.charge_key IS
'Hash of the whole charge.';
COMMENT ON COLUMN focus_allocation_origins.copies IS
'How many charges of exactly this content there were; the parts are of their sum.';
COMMENT ON COLUMN focus_allocation_origins.chargeperiodstart IS
'ChargePeriodStart of the charge.';
COMMENT ON COLUMN focus_allocation_origins.chargeperiodend IS
'ChargePeriodEnd of the charge.';
COMMENT ON COLUMN focus_allocation_origins.resourceid IS
'ResourceId of the charge.';
COMMENT ON COLUMN focus_allocation_origins.billingcurrency IS
'BillingCurrency of the charge.';
COMMENT ON COLUMN focus_allocation_origins.billedcost IS
'BilledCost of one charge.';
COMMENT ON COLUMN focus_allocation_origins.effectivecost IS
'EffectiveCost of one charge.';
COMMENT ON COLUMN focus_allocation_origins.listcost IS
'ListCost of one charge.';
COMMENT ON COLUMN focus_allocation_origins.contractedcost IS
'ContractedCost of one charge.';
COMMENT ON COLUMN focus_allocation_origins.pricingquantity IS
'PricingQuantity of one charge.';
COMMENT ON COLUMN focus_allocation_origins.consumedquantity IS
'ConsumedQuantity of one charge.';
COMMENT ON COLUMN focus_allocation_origins.pricingcurrencyeffectivecost IS
'PricingCurrencyEffectiveCost of one charge.';
COMMENT ON COLUMN focus_allocation_origins.commitmentdiscountquantity IS
'CommitmentDiscountQuantity of one charge.';
SELECT pg_catalog.pg_extension_config_dump('focus_allocation_origins', '');
COMMENT ON SEQUENCE focus_allocation_origins_origin_id_seq IS
'Numbers for focus_allocation_origins.';
SELECT pg_catalog.pg_extension_config_dump('focus_allocation_origins_origin_id_seq', '');

CREATE TABLE focus_allocated_charges
(
	LIKE focus_cost_and_usage INCLUDING COMMENTS,
	x_runid     bigint NOT NULL,
	x_originid  bigint NOT NULL REFERENCES focus_allocation_origins ON DELETE CASCADE,
	x_cluster   text   NOT NULL,
	x_pool      text   NOT NULL,
	x_kind      text   NOT NULL CHECK (x_kind IN ('workload', 'idle', 'platform')),
	CHECK (allocatedmethodid IS NOT NULL),
	CHECK ((x_kind = 'idle') = (allocatedresourceid IS NULL)),
	CHECK ((allocatedresourceid IS NULL) = (allocatedresourcename IS NULL))
);
CREATE INDEX focus_allocated_charges_origin ON focus_allocated_charges (x_originid);
CREATE INDEX focus_allocated_charges_run ON focus_allocated_charges (x_runid);
COMMENT ON TABLE focus_allocated_charges IS
'Allocated charges: the parts of the charges that current runs have split, each a complete FOCUS 1.3 row.';
COMMENT ON COLUMN focus_allocated_charges.x_runid IS
'The run that made the row.';
COMMENT ON COLUMN focus_allocated_charges.x_originid IS
'The origin charge: focus_allocation_origins.origin_id.';
COMMENT ON COLUMN focus_allocated_charges.x_cluster IS
'The cluster.';
COMMENT ON COLUMN focus_allocated_charges.x_pool IS
'The pool of the cluster.';
COMMENT ON COLUMN focus_allocated_charges.x_kind IS
'workload: the share of a namespace; idle: what nobody used; platform: a flat fee.';
SELECT pg_catalog.pg_extension_config_dump('focus_allocated_charges', '');

-- What a charge is -----------------------------------------------------------

-- The columns are written out, not taken as the whole row, so that a column
-- added to the dataset leaves the keys of earlier runs as they are.  No function
-- takes a charge as a row: PostgreSQL would refuse every ALTER TABLE that rewrites
-- the dataset.
CREATE VIEW focus_internal.charges WITH (security_invoker = true) AS
SELECT b.*,
	hash_record_extended(ROW(
		b.allocatedmethoddetails, b.allocatedmethodid, b.allocatedresourceid,
		b.allocatedresourcename, b.allocatedtags, b.availabilityzone, b.billedcost,
		b.billingaccountid, b.billingaccountname, b.billingaccounttype, b.billingcurrency,
		b.billingperiodend, b.billingperiodstart, b.capacityreservationid,
		b.capacityreservationstatus, b.chargecategory, b.chargeclass, b.chargedescription,
		b.chargefrequency, b.chargeperiodend, b.chargeperiodstart,
		b.commitmentdiscountcategory, b.commitmentdiscountid, b.commitmentdiscountname,
		b.commitmentdiscountquantity, b.commitmentdiscountstatus, b.commitmentdiscounttype,
		b.commitmentdiscountunit, b.consumedquantity, b.consumedunit, b.contractapplied,
		b.contractedcost, b.contractedunitprice, b.effectivecost, b.hostprovidername,
		b.invoiceid, b.invoiceissuername, b.listcost, b.listunitprice, b.pricingcategory,
		b.pricingcurrency, b.pricingcurrencycontractedunitprice,
		b.pricingcurrencyeffectivecost, b.pricingcurrencylistunitprice, b.pricingquantity,
		b.pricingunit, b.providername, b.publishername, b.regionid, b.regionname,
		b.resourceid, b.resourcename, b.resourcetype, b.servicecategory, b.servicename,
		b.serviceprovidername, b.servicesubcategory, b.skuid, b.skumeter, b.skupricedetails,
		b.skupriceid, b.subaccountid, b.subaccountname, b.subaccounttype, b.tags,
		b.x_columns, b.x_loadid), 0) AS charge_key
FROM focus_cost_and_usage AS b;
COMMENT ON VIEW focus_internal.charges IS
'Charges with a hash of all their columns, the same in every session, whatever its settings.';
GRANT SELECT ON focus_internal.charges TO PUBLIC;

-- A charge that the provider has split already is not split again.
CREATE FUNCTION focus_internal.charge_fits
	(rule focus_cluster_charges, tags focus_tags, resourceid text, subaccountid text,
	 servicename text, allocatedmethodid text)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT (($1).resource_id IS NULL OR ($1).resource_id = $3)
		AND (($1).sub_account_id IS NULL OR ($1).sub_account_id = $4)
		AND (($1).service_name IS NULL OR ($1).service_name = $5)
		AND (($1).tag_key IS NULL OR $2 ? ($1).tag_key)
		AND (($1).tag_value IS NULL OR ($2)[($1).tag_key] = ($1).tag_value)
		AND $6 IS NULL;
END;
COMMENT ON FUNCTION focus_internal.charge_fits
	(focus_cluster_charges, focus_tags, text, text, text, text) IS
'Whether a charge belongs to the pool of a rule.';
