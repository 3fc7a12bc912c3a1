begin;
select no_plan();

truncate reproq_ready;
select is(_reproq_ring_bytes(p::smallint), 0::bigint, format('part %s is empty', p)) from generate_series(0, 2) p;
insert into reproq_ready (ring, queue_name, claim_order, result_id) values (1, 'q', 1, 1);
delete from reproq_ready;
select is(
    array[_reproq_ring_bytes(0::smallint), _reproq_ring_bytes(1::smallint), _reproq_ring_bytes(2::smallint)],
    array[0, current_setting('block_size')::bigint, 0], 'dead tickets count, each in its own part'
);

select * from finish();
rollback;
