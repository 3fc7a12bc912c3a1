begin;
select plan(3);
\ir helpers/setup.sql

insert into reproq_ready (ring, queue_name, claim_order, result_id) values (1, 'q', 1, 1);
select results_eq(
    'select part::integer, bytes > 0 from _reproq_ring_parts() order by part',
    'values (0, false), (1, true), (2, false)', 'each partition with its size'
);
-- What Postgres counts is there after a commit only: how the ring follows it is tested there.
select set_eq('select live, dead from _reproq_ring_parts()', 'values (0::bigint, 0::bigint)', 'and what is counted in it');
select is(
    (select array_agg(bytes order by part) from _reproq_ring_parts()),
    array(select _reproq_ring_bytes(p::smallint) from generate_series(0, 2) p), 'in bytes'
);

select * from finish();
rollback;
