-- Deliveries: where they come from, what each brought, what was refused.

CREATE TABLE focus_sources
(
	source		text PRIMARY KEY,
	mode		text CHECK (mode IN ('replace', 'append')),
	provider	text,
	description	text,
	min_row_share numeric NOT NULL DEFAULT 0.5 CHECK (min_row_share BETWEEN 0 AND 1),
	keep_versions integer NOT NULL DEFAULT 0 CHECK (keep_versions >= 0),
	path		text
);
COMMENT ON TABLE focus_sources IS
'What a source of deliveries does when it delivers a billing period again. Optional: a source without a row must say it in each call.';
COMMENT ON COLUMN focus_sources.source IS
'Name of the source, as passed to focus_load; for loads that name none, provider/billing account.';
COMMENT ON COLUMN focus_sources.mode IS
'replace: a new delivery of a billing period takes the place of the earlier ones (AWS, Microsoft). append: it adds to them (Google Cloud, Oracle). NULL: refuse unless the call says.';
COMMENT ON COLUMN focus_sources.provider IS
'ServiceProviderName of rows whose file names no provider. A file that names others only is refused.';
COMMENT ON COLUMN focus_sources.description IS
'Free text.';
COMMENT ON COLUMN focus_sources.min_row_share IS
'A delivery with fewer rows than this share of those that it would replace, 100 or more, is refused unless it is forced. 0: never.';
COMMENT ON COLUMN focus_sources.keep_versions IS
'How many earlier versions of a billing period are kept when deliveries are replaced or taken back, for focus_cost_and_usage_as_of. 0: none.';
COMMENT ON COLUMN focus_sources.path IS
'Where its deliveries land: an absolute directory or glob of the server, for focus_load_pending.';

CREATE SEQUENCE focus_loadid_seq;
COMMENT ON SEQUENCE focus_loadid_seq IS
'Numbers of loads: focus_loads.loadid and x_loadid.';

CREATE TABLE focus_loads
(
	loadid				bigint PRIMARY KEY DEFAULT nextval('focus_loadid_seq'),
	deliveryid			bigint NOT NULL,
	dataset				text NOT NULL,
	source				text,
	billingperiodstart	timestamptz,
	accounts			text[] NOT NULL DEFAULT '{}',
	state				text NOT NULL CHECK (state IN ('current', 'replaced', 'removed', 'rejected', 'empty')),
	mode				text NOT NULL CHECK (mode IN ('new', 'replace', 'append', 'correction')),
	replaced_by			bigint,
	path				text NOT NULL,
	files				integer NOT NULL,
	bytes				bigint NOT NULL,
	content_sha256		text NOT NULL,
	provider			text,
	focus_version		text,
	rows_stored			bigint NOT NULL,
	rows_rejected		bigint NOT NULL,
	totals				jsonb NOT NULL,
	started_at			timestamptz NOT NULL,
	finished_at			timestamptz NOT NULL,
	loaded_by			name NOT NULL DEFAULT current_user,
	run_at				timestamptz,
	superseded_at		timestamptz,
	kept				boolean NOT NULL DEFAULT false,
	mapping				text,
	mapping_sha256		text
);
CREATE INDEX focus_loads_period_index ON focus_loads (dataset, source, billingperiodstart);
CREATE INDEX focus_loads_content_index ON focus_loads (content_sha256);
COMMENT ON TABLE focus_loads IS
'What each delivery brought: one row per source and billing period of a delivery. Written by focus_load and COPY in FOCUS format.';
COMMENT ON COLUMN focus_loads.loadid IS
'Number of the load; rows that it stored carry it in x_loadid.';
COMMENT ON COLUMN focus_loads.deliveryid IS
'The delivery: the smallest loadid of the loads that came in one call.';
COMMENT ON COLUMN focus_loads.dataset IS
'FOCUS dataset: CostAndUsage or ContractCommitment.';
COMMENT ON COLUMN focus_loads.source IS
'Source of the delivery: as named in the call, or provider/billing account. NULL when no row told.';
COMMENT ON COLUMN focus_loads.billingperiodstart IS
'First instant of the billing period. NULL for Contract Commitment and where no row told.';
COMMENT ON COLUMN focus_loads.accounts IS
'The provider/billing account pairs whose rows were stored.';
COMMENT ON COLUMN focus_loads.state IS
'current: its rows are in the dataset. replaced: a later delivery took its place. removed: by focus_unload. rejected: every row went to quarantine. empty: the delivery had no row.';
COMMENT ON COLUMN focus_loads.mode IS
'How it met earlier loads of its source and billing period: new (there was none), replace, append, or correction (rows of ChargeClass Correction, added to a closed billing period).';
COMMENT ON COLUMN focus_loads.replaced_by IS
'The delivery that took the place of this load.';
COMMENT ON COLUMN focus_loads.path IS
'Path as passed, command, or STDIN.';
COMMENT ON COLUMN focus_loads.files IS
'Number of files of the delivery.';
COMMENT ON COLUMN focus_loads.bytes IS
'Bytes of the delivery as read, before inflation.';
COMMENT ON COLUMN focus_loads.content_sha256 IS
'SHA-256 of the inflated content in hexadecimal; of several files: of their sorted digests.';
COMMENT ON COLUMN focus_loads.provider IS
'Provider as passed, or as the column names tell.';
COMMENT ON COLUMN focus_loads.focus_version IS
'FOCUS version as passed, or as the column names tell.';
COMMENT ON COLUMN focus_loads.rows_stored IS
'Rows stored in the dataset.';
COMMENT ON COLUMN focus_loads.rows_rejected IS
'Rows in quarantine. Rows whose source or billing period could not be read make a load of their own, without a billing period.';
COMMENT ON COLUMN focus_loads.totals IS
'Stored rows, BilledCost and EffectiveCost by BillingCurrency (XXX: empty), as a JSON object: what the file said, before triggers.';
COMMENT ON COLUMN focus_loads.started_at IS
'When the delivery began to be read.';
COMMENT ON COLUMN focus_loads.finished_at IS
'When all was stored; from then on it counts.';
COMMENT ON COLUMN focus_loads.loaded_by IS
'Role that loaded it.';
COMMENT ON COLUMN focus_loads.run_at IS
'When the provider made it, as its manifest tells. NULL: not told.';
COMMENT ON COLUMN focus_loads.superseded_at IS
'When it was replaced or removed. NULL: it was not.';
COMMENT ON COLUMN focus_loads.kept IS
'Its rows are in focus_superseded_cost_and_usage.';
COMMENT ON COLUMN focus_loads.mapping IS
'Mapping by which it was read. NULL: it was FOCUS.';
COMMENT ON COLUMN focus_loads.mapping_sha256 IS
'SHA-256 of the query that the mapping amounted to then, in hexadecimal.';

CREATE TABLE focus_rejected_rows
(
	loadid			bigint NOT NULL,
	file			text NOT NULL,
	line			bigint NOT NULL,
	columnname		text,
	value			text,
	sqlstate		text NOT NULL,
	message			text NOT NULL,
	record			jsonb NOT NULL
);
CREATE INDEX focus_rejected_rows_load_index ON focus_rejected_rows (loadid, file, line);
COMMENT ON TABLE focus_rejected_rows IS
'Quarantine: rows of deliveries that could not be stored.';
COMMENT ON COLUMN focus_rejected_rows.loadid IS
'Load that the row belongs to.';
COMMENT ON COLUMN focus_rejected_rows.file IS
'File of the row.';
COMMENT ON COLUMN focus_rejected_rows.line IS
'Line of the file on which the row begins, from 1.';
COMMENT ON COLUMN focus_rejected_rows.columnname IS
'Column that could not be read, as the header names it. NULL when the row as a whole is at fault.';
COMMENT ON COLUMN focus_rejected_rows.value IS
'The cell that could not be read; bytes that are not text appear as \xNN.';
COMMENT ON COLUMN focus_rejected_rows.sqlstate IS
'SQLSTATE of the reason.';
COMMENT ON COLUMN focus_rejected_rows.message IS
'The reason.';
COMMENT ON COLUMN focus_rejected_rows.record IS
'The whole row: header name and text of each cell, of a file that a mapping reads those that are not empty; cells beyond the header, and the text of what is no JSON object, are named #n.';

CREATE TABLE focus_load_findings
(
	deliveryid		bigint NOT NULL,
	columnname		text NOT NULL,
	finding			text NOT NULL,
	occurrences		bigint NOT NULL,
	first_file		text NOT NULL,
	first_line		bigint NOT NULL,
	example			text,
	PRIMARY KEY (deliveryid, columnname, finding)
);
COMMENT ON TABLE focus_load_findings IS
'What the stored rows of a delivery had that is not FOCUS to the letter and was read all the same.';
COMMENT ON COLUMN focus_load_findings.deliveryid IS
'The delivery: focus_loads.deliveryid.';
COMMENT ON COLUMN focus_load_findings.columnname IS
'Column as the header names it.';
COMMENT ON COLUMN focus_load_findings.finding IS
'What was found.';
COMMENT ON COLUMN focus_load_findings.occurrences IS
'In how many cells.';
COMMENT ON COLUMN focus_load_findings.first_file IS
'File of the first of them.';
COMMENT ON COLUMN focus_load_findings.first_line IS
'Line of the first of them, from 1.';
COMMENT ON COLUMN focus_load_findings.example IS
'The first of them, cut to 200 bytes.';

SELECT pg_catalog.pg_extension_config_dump('focus_sources', '');
SELECT pg_catalog.pg_extension_config_dump('focus_loadid_seq', '');
SELECT pg_catalog.pg_extension_config_dump('focus_loads', '');
SELECT pg_catalog.pg_extension_config_dump('focus_rejected_rows', '');
SELECT pg_catalog.pg_extension_config_dump('focus_load_findings', '');

-- Recency and completeness: metadata objects of FOCUS 1.3.
CREATE TABLE focus_dataset_instances
(
	datasetinstanceid			text PRIMARY KEY,
	datasetinstancename			text NOT NULL,
	focusdatasetid				text NOT NULL,
	recencylastupdated			timestamptz NOT NULL,
	datasetinstancelastupdated	timestamptz NOT NULL,
	datasetinstancecomplete		boolean
);
COMMENT ON TABLE focus_dataset_instances IS
'FOCUS 1.3 metadata objects Dataset Instance and Recency: one row per source and dataset, kept by loads.';
COMMENT ON COLUMN focus_dataset_instances.datasetinstanceid IS
'DatasetInstanceId: dataset and source, joined by a colon.';
COMMENT ON COLUMN focus_dataset_instances.datasetinstancename IS
'DatasetInstanceName: the source.';
COMMENT ON COLUMN focus_dataset_instances.focusdatasetid IS
'FocusDatasetId: CostAndUsage or ContractCommitment.';
COMMENT ON COLUMN focus_dataset_instances.recencylastupdated IS
'RecencyLastUpdated: when this row was last written.';
COMMENT ON COLUMN focus_dataset_instances.datasetinstancelastupdated IS
'DatasetInstanceLastUpdated: when a load, or taking one back, last changed the instance.';
COMMENT ON COLUMN focus_dataset_instances.datasetinstancecomplete IS
'DatasetInstanceComplete: what the data generator says of the instance. NULL until someone who knows sets it; not for time series.';

CREATE TABLE focus_time_sectors
(
	datasetinstanceid		text NOT NULL REFERENCES focus_dataset_instances ON DELETE CASCADE,
	timesectorstart			timestamptz NOT NULL,
	timesectorend			timestamptz NOT NULL CHECK (timesectorend > timesectorstart),
	timesectorcomplete		boolean NOT NULL DEFAULT false,
	timesectorlastupdated	timestamptz NOT NULL,
	PRIMARY KEY (datasetinstanceid, timesectorstart)
);
COMMENT ON TABLE focus_time_sectors IS
'FOCUS 1.3 metadata object Time Sector: one row per dataset instance and billing period, kept by loads.';
COMMENT ON COLUMN focus_time_sectors.datasetinstanceid IS
'DatasetInstanceId of the instance.';
COMMENT ON COLUMN focus_time_sectors.timesectorstart IS
'TimeSectorStart: first instant of the span.';
COMMENT ON COLUMN focus_time_sectors.timesectorend IS
'TimeSectorEnd: first instant after the span.';
COMMENT ON COLUMN focus_time_sectors.timesectorcomplete IS
'TimeSectorComplete: whether the data generator regards the span as complete. false until someone who knows sets it.';
COMMENT ON COLUMN focus_time_sectors.timesectorlastupdated IS
'TimeSectorLastUpdated: when a load, or taking one back, last changed data of the span.';

SELECT pg_catalog.pg_extension_config_dump('focus_dataset_instances', '');
SELECT pg_catalog.pg_extension_config_dump('focus_time_sectors', '');
