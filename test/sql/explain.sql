-- The plan of a query as it was run, in words that all major versions share
CREATE FUNCTION explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
        RETURN NEXT regexp_replace(line, '\(actual rows=(\d+)(\.\d+)? loops=(\d+)\)', '(rows \1, loops \3)');
    END LOOP;
END $$;
