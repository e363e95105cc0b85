-- Allocation, part three: the bill with its allocated charges, the chargeback,
-- and the proof that both say the same.

-- A charge is replaced by its parts only while the bill holds exactly the
-- charges that were split: when a load has been replaced since, the parts of the
-- old charges vanish and the new charges show, so that a sum over this view is
-- the sum over focus_cost_and_usage at any time.
--
-- IS NOT DISTINCT FROM keeps the hash of the whole charge out of the hash join
-- keys: it is computed only for charges whose other keys agree.
CREATE VIEW focus_allocated_cost_and_usage WITH (security_invoker = true) AS
WITH live AS
(
	SELECT o.origin_id, o.charge_key, o.chargeperiodstart,
		coalesce(o.resourceid, '') AS resourceid, coalesce(o.effectivecost, 0) AS effectivecost
	FROM focus_allocation_origins AS o
		JOIN focus_internal.charges AS b
			ON b.chargeperiodstart = o.chargeperiodstart
				AND coalesce(b.resourceid, '') = coalesce(o.resourceid, '')
				AND coalesce(b.effectivecost, 0) = coalesce(o.effectivecost, 0)
				AND b.charge_key IS NOT DISTINCT FROM o.charge_key
	GROUP BY o.origin_id
	HAVING count(*) = o.copies
)
SELECT
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
	b.x_columns, b.x_loadid
FROM focus_internal.charges AS b
WHERE NOT EXISTS
	(SELECT FROM live AS l
	 WHERE l.chargeperiodstart = b.chargeperiodstart
		AND l.resourceid = coalesce(b.resourceid, '')
		AND l.effectivecost = coalesce(b.effectivecost, 0)
		AND l.charge_key IS NOT DISTINCT FROM b.charge_key)
UNION ALL
SELECT
	p.allocatedmethoddetails, p.allocatedmethodid, p.allocatedresourceid, p.allocatedresourcename,
	p.allocatedtags, p.availabilityzone, p.billedcost, p.billingaccountid, p.billingaccountname,
	p.billingaccounttype, p.billingcurrency, p.billingperiodend, p.billingperiodstart,
	p.capacityreservationid, p.capacityreservationstatus, p.chargecategory, p.chargeclass,
	p.chargedescription, p.chargefrequency, p.chargeperiodend, p.chargeperiodstart,
	p.commitmentdiscountcategory, p.commitmentdiscountid, p.commitmentdiscountname,
	p.commitmentdiscountquantity, p.commitmentdiscountstatus, p.commitmentdiscounttype,
	p.commitmentdiscountunit, p.consumedquantity, p.consumedunit, p.contractapplied,
	p.contractedcost, p.contractedunitprice, p.effectivecost, p.hostprovidername,
	p.invoiceid, p.invoiceissuername, p.listcost, p.listunitprice, p.pricingcategory,
	p.pricingcurrency, p.pricingcurrencycontractedunitprice, p.pricingcurrencyeffectivecost,
	p.pricingcurrencylistunitprice, p.pricingquantity, p.pricingunit, p.providername,
	p.publishername, p.regionid, p.regionname, p.resourceid, p.resourcename, p.resourcetype,
	p.servicecategory, p.servicename, p.serviceprovidername, p.servicesubcategory,
	p.skuid, p.skumeter, p.skupricedetails, p.skupriceid, p.subaccountid, p.subaccountname,
	p.subaccounttype, p.tags, p.x_columns, p.x_loadid
FROM focus_allocated_charges AS p
	JOIN live AS l ON l.origin_id = p.x_originid;
COMMENT ON VIEW focus_allocated_cost_and_usage IS
'Cost and Usage with each split charge replaced by its allocated charges; every total is that of focus_cost_and_usage.';

CREATE VIEW focus_namespace_chargeback WITH (security_invoker = true) AS
SELECT a.x_cluster AS cluster, a.allocatedresourcename AS namespace, a.x_kind AS kind,
	r.period_start, r.period_end, a.billingcurrency AS billing_currency,
	sum(a.effectivecost) AS effective_cost, sum(a.billedcost) AS billed_cost, r.run_id
FROM focus_allocated_charges AS a
	JOIN focus_allocation_runs AS r ON r.run_id = a.x_runid
GROUP BY a.x_cluster, a.allocatedresourcename, a.x_kind, a.billingcurrency, r.run_id;
COMMENT ON VIEW focus_namespace_chargeback IS
'What each namespace of each cluster costs in the period of each current run; idle and platform cost are lines of their own.';
COMMENT ON COLUMN focus_namespace_chargeback.cluster IS
'The cluster.';
COMMENT ON COLUMN focus_namespace_chargeback.namespace IS
'The namespace, or the receiver of a flat fee; NULL for idle cost.';
COMMENT ON COLUMN focus_namespace_chargeback.kind IS
'workload, idle or platform.';
COMMENT ON COLUMN focus_namespace_chargeback.period_start IS
'Start of the period.';
COMMENT ON COLUMN focus_namespace_chargeback.period_end IS
'First instant after the period.';
COMMENT ON COLUMN focus_namespace_chargeback.billing_currency IS
'Currency of the costs.';
COMMENT ON COLUMN focus_namespace_chargeback.effective_cost IS
'EffectiveCost.';
COMMENT ON COLUMN focus_namespace_chargeback.billed_cost IS
'BilledCost.';
COMMENT ON COLUMN focus_namespace_chargeback.run_id IS
'The run that allocated it.';

CREATE VIEW focus_allocation_reconciliation WITH (security_invoker = true) AS
WITH entry AS
(
	SELECT r.run_id, p.pool, b.billingcurrency, 'origin' AS kind, v.metric, sum(v.amount) AS amount
	FROM focus_allocation_runs AS r
		JOIN focus_cluster_pools AS p ON p.cluster = r.cluster
		JOIN focus_cost_and_usage AS b
			ON b.chargeperiodstart >= r.period_start AND b.chargeperiodstart < r.period_end
		CROSS JOIN LATERAL
			(VALUES ('BilledCost', b.billedcost), ('EffectiveCost', b.effectivecost),
				('ListCost', b.listcost), ('ContractedCost', b.contractedcost),
				('PricingQuantity', b.pricingquantity), ('ConsumedQuantity', b.consumedquantity),
				('PricingCurrencyEffectiveCost', b.pricingcurrencyeffectivecost),
				('CommitmentDiscountQuantity', b.commitmentdiscountquantity)) AS v(metric, amount)
	WHERE r.state = 'current'
		AND EXISTS
			(SELECT FROM focus_cluster_charges AS rule
			 WHERE rule.cluster = p.cluster AND rule.pool = p.pool
				AND focus_internal.charge_fits(rule, b.tags, b.resourceid, b.subaccountid, b.servicename, b.allocatedmethodid))
	GROUP BY r.run_id, p.pool, b.billingcurrency, v.metric
	UNION ALL
	SELECT a.x_runid, a.x_pool, a.billingcurrency, a.x_kind, v.metric, sum(v.amount)
	FROM focus_allocated_charges AS a
		CROSS JOIN LATERAL
			(VALUES ('BilledCost', a.billedcost), ('EffectiveCost', a.effectivecost),
				('ListCost', a.listcost), ('ContractedCost', a.contractedcost),
				('PricingQuantity', a.pricingquantity), ('ConsumedQuantity', a.consumedquantity),
				('PricingCurrencyEffectiveCost', a.pricingcurrencyeffectivecost),
				('CommitmentDiscountQuantity', a.commitmentdiscountquantity)) AS v(metric, amount)
	GROUP BY a.x_runid, a.x_pool, a.billingcurrency, a.x_kind, v.metric
),
line AS
(
	SELECT e.run_id, e.pool, e.billingcurrency, e.metric,
		trim_scale(coalesce(sum(e.amount) FILTER (WHERE e.kind = 'origin'), 0)) AS origin,
		trim_scale(coalesce(sum(e.amount) FILTER (WHERE e.kind = 'workload'), 0)) AS allocated,
		trim_scale(coalesce(sum(e.amount) FILTER (WHERE e.kind = 'idle'), 0)) AS idle,
		trim_scale(coalesce(sum(e.amount) FILTER (WHERE e.kind = 'platform'), 0)) AS platform
	FROM entry AS e
	GROUP BY e.run_id, e.pool, e.billingcurrency, e.metric
)
SELECT l.run_id, r.cluster, r.period_start, r.period_end, l.pool,
	l.billingcurrency AS billing_currency, l.metric,
	l.origin, l.allocated, l.idle, l.platform,
	trim_scale(l.origin - l.allocated - l.idle - l.platform) AS difference
FROM line AS l
	JOIN focus_allocation_runs AS r ON r.run_id = l.run_id;
COMMENT ON VIEW focus_allocation_reconciliation IS
'The bill as it is now against what the current runs allocated: a difference other than 0 means that the bill or the rules changed since, and that the run must be repeated.';
COMMENT ON COLUMN focus_allocation_reconciliation.run_id IS
'The run.';
COMMENT ON COLUMN focus_allocation_reconciliation.cluster IS
'The cluster.';
COMMENT ON COLUMN focus_allocation_reconciliation.period_start IS
'Start of the period.';
COMMENT ON COLUMN focus_allocation_reconciliation.period_end IS
'First instant after the period.';
COMMENT ON COLUMN focus_allocation_reconciliation.pool IS
'The pool.';
COMMENT ON COLUMN focus_allocation_reconciliation.billing_currency IS
'BillingCurrency of the charges.';
COMMENT ON COLUMN focus_allocation_reconciliation.metric IS
'The FOCUS metric.';
COMMENT ON COLUMN focus_allocation_reconciliation.origin IS
'Total of the charges that the rules find in the bill now.';
COMMENT ON COLUMN focus_allocation_reconciliation.allocated IS
'Allocated to namespaces.';
COMMENT ON COLUMN focus_allocation_reconciliation.idle IS
'Left as idle.';
COMMENT ON COLUMN focus_allocation_reconciliation.platform IS
'Charged as a flat fee.';
COMMENT ON COLUMN focus_allocation_reconciliation.difference IS
'origin - allocated - idle - platform; must be 0.';
