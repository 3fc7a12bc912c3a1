begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('a', '{"lock_key": "l", "concurrency_key": "k", "concurrency_limit": 3}') as a,
    enqueue('b', '{"concurrency_key": "k"}') as b, enqueue('c', '{"run_in": 60}') as c \gset
delete from reproq_ready;
insert into reproq_ring (current) values (2) on conflict (only_row) do update set current = 2;
select _reproq_line_up(array[:a, :b, :c, 77]);
select set_eq(
    'select ring, queue_name, claim_order, result_id, lock_key, concurrency_key, concurrency_limit from reproq_ready',
    format(
        $$values
        (2::smallint, 'default', %s, %s, 'l', 'k', 3), (2, 'default', %s, %s, null, null, 0)$$,
        (run(:a)).claim_order, :a, (run(:b)).claim_order, :b
    ),
    'READY runs stand in the current part of the line, with the gates that they must pass, others not'
);
select lives_ok(
    format('select _reproq_line_up(array[%s])', :a), 'a ticket that was there already stops nothing'
);
select is(tickets_of(:a), 'ready', 'and is not doubled');
select lives_ok('select _reproq_line_up(''{}'')', 'nobody is no error');

select * from finish();
rollback;
