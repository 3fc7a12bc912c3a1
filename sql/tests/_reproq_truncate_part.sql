begin;
select no_plan();

truncate reproq_ready;
insert into reproq_ready (ring, queue_name, claim_order, result_id) select p, 'q', p, p from generate_series(0, 2) p;
delete from reproq_ready where ring <> 1;
select _reproq_truncate_part(p::smallint) from generate_series(0, 2) p;
select is(
    array[_reproq_ring_bytes(0::smallint), _reproq_ring_bytes(2::smallint)], '{0,0}',
    'a part without a ticket is emptied'
);
select is((select count(*) from reproq_ready), 1::bigint, 'one with a ticket is left alone');
delete from reproq_ready;
select _reproq_truncate_part(1::smallint);
select is(_reproq_ring_bytes(1::smallint), 0::bigint, 'until that is gone');

select * from finish();
rollback;
