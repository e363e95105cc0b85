-- Window functions that split an amount exactly.  A null weight is a weight
-- of zero, so none of them is strict.

CREATE FUNCTION focus_share(amount numeric, weight numeric)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_share'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_share(numeric, numeric) IS
'part of the amount for this row by its weight; the parts of a partition add up to the amount';

CREATE FUNCTION focus_share(amount numeric, weight numeric, scale integer)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_share'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_share(numeric, numeric, integer) IS
'part of the amount for this row by its weight, with scale digits after the point; the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_by_cpu(amount numeric, cpu numeric)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_cpu'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_cpu(numeric, numeric) IS
'part of the amount for this row by its CPU (core-hours); the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_by_cpu(amount numeric, cpu numeric, scale integer)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_cpu'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_cpu(numeric, numeric, integer) IS
'part of the amount for this row by its CPU (core-hours), with scale digits after the point; the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_by_memory(amount numeric, memory numeric)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_memory'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_memory(numeric, numeric) IS
'part of the amount for this row by its memory (GiB-hours); the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_by_memory(amount numeric, memory numeric, scale integer)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_memory'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_memory(numeric, numeric, integer) IS
'part of the amount for this row by its memory (GiB-hours), with scale digits after the point; the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_by_cpu_and_memory(amount numeric, cpu numeric, memory numeric)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_cpu_and_memory'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_cpu_and_memory(numeric, numeric, numeric) IS
'part of the amount for this row by 9 * CPU (core-hours) + memory (GiB-hours); the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_by_cpu_and_memory(amount numeric, cpu numeric, memory numeric, scale integer)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_cpu_and_memory'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_cpu_and_memory(numeric, numeric, numeric, integer) IS
'part of the amount for this row by 9 * CPU (core-hours) + memory (GiB-hours), with scale digits after the point; the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_by_cpu_and_memory(amount numeric, cpu numeric, memory numeric,
	cpu_weight numeric, memory_weight numeric)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_priced_cpu_and_memory'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_cpu_and_memory(numeric, numeric, numeric, numeric, numeric) IS
'part of the amount for this row by cpu_weight * CPU + memory_weight * memory; the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_by_cpu_and_memory(amount numeric, cpu numeric, memory numeric,
	cpu_weight numeric, memory_weight numeric, scale integer)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_priced_cpu_and_memory'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_cpu_and_memory(numeric, numeric, numeric, numeric, numeric, integer) IS
'part of the amount for this row by cpu_weight * CPU + memory_weight * memory, with scale digits after the point; the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_evenly(amount numeric)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_evenly'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_evenly(numeric) IS
'an equal part of the amount for this row; the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_evenly(amount numeric, scale integer)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_evenly'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_evenly(numeric, integer) IS
'an equal part of the amount for this row, with scale digits after the point; the parts of a partition add up to the amount';

CREATE FUNCTION focus_allocate_by_fixed_share(amount numeric, percent numeric)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_fixed_share'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_fixed_share(numeric, numeric) IS
'this row''s percentage of the amount; the percentages of a partition add up to 100 and its parts to the amount';

CREATE FUNCTION focus_allocate_by_fixed_share(amount numeric, percent numeric, scale integer)
RETURNS numeric
AS 'MODULE_PATHNAME', 'focus_allocate_by_fixed_share'
LANGUAGE C WINDOW IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION focus_allocate_by_fixed_share(numeric, numeric, integer) IS
'this row''s percentage of the amount, with scale digits after the point; the percentages of a partition add up to 100 and its parts to the amount';
