create or replace function _reproq_ring_parts()
returns table (
    part smallint,
    bytes bigint,
    live bigint,
    dead bigint
)
language sql
volatile
set search_path from current
as $$
    select
        p.part, _reproq_ring_bytes(p.part), pg_stat_get_live_tuples(t.oid),
        pg_stat_get_dead_tuples(t.oid)
    from unnest(array[0, 1, 2]::smallint[]) p (part)
    cross join lateral (select format('reproq_ready_%s', p.part)::regclass as oid) t;
$$;

comment on function _reproq_ring_parts() is
'The partitions of the line with their size, and how many live and dead tickets Postgres counts in each.';
