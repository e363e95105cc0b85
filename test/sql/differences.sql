-- Rows that a query gives on table t and not on heap_t, or the other way round, as
-- text: what is shown of a sum has to be the same, too
CREATE FUNCTION differences(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE n bigint; used bool := false; line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
        used := used OR line ~ 'FocusAggregate';
    END LOOP;
    EXECUTE format('SELECT count(*) FROM ((SELECT a::text FROM (%1$s) a EXCEPT ALL SELECT b::text FROM (%2$s) b) UNION ALL
                    (SELECT b::text FROM (%2$s) b EXCEPT ALL SELECT a::text FROM (%1$s) a)) d',
                   query, replace(query, 'FROM t', 'FROM heap_t')) INTO n;
    RETURN n || CASE WHEN used THEN ', by vectors' ELSE '' END;
END $$;
