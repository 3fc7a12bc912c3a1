begin;
select no_plan();
\ir helpers/setup.sql

create function used(part integer) returns void language sql volatile as $$
    insert into reproq_ready (ring, queue_name, claim_order, result_id) values (part, 'q', 1, 1);
    delete from reproq_ready where queue_name = 'q';
$$;
create function bytes() returns text language sql volatile as
'select string_agg(sign(_reproq_ring_bytes(p::smallint))::text, '' '' order by p) from generate_series(0, 2) p';

select is(_reproq_truncate_drained(), 0, 'nothing was used');
select used(p) from generate_series(0, 2) p;
select is(_reproq_truncate_drained(), 1, 'one drained part a call');
select is(_reproq_truncate_drained(), 1, 'then the other');
select is(bytes(), '1 0 0', 'the current one is never truncated');
select is(_reproq_truncate_drained(), 0, 'and then there is none');

insert into reproq_ready (ring, queue_name, claim_order, result_id) values (1, 'x', 1, 1);
select is(_reproq_truncate_drained(), 0, 'a part with a ticket is not drained');
delete from reproq_ready;
update reproq_ring set rotate = false;
select is(_reproq_truncate_drained(), 0, 'nothing is truncated where rotation is switched off');
update reproq_ring set rotate = true, truncate_failures = 3, truncate_after = _reproq_now() + '8 s';
select is(_reproq_truncate_drained(), 0, 'after a failure it is left alone for a while');
select advance('8 s');
select is(_reproq_truncate_drained(), 1, 'and then tried again');
select is(
    (select (truncate_failures, truncate_after)::text from reproq_ring), '(0,)', 'a success forgets the failures'
);

select * from finish();
rollback;
