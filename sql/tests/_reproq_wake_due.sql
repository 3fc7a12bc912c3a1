begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('a', '{"run_in": 60, "priority": 1}') as a, enqueue('b', '{"run_in": 30}') as b,
    enqueue('c', '{"run_in": 90}') as c \gset
select advance('29 s');
select is(_reproq_wake_due(10), 0, 'before its time nobody wakes');
select advance('31 s');
select is(_reproq_wake_due(1), 1, 'at most max_tasks');
select is(in_words(:b), 'READY with ready', 'the one that was due first');
select is(_reproq_wake_due(10), 1, 'then the next');
select is(
    (run(:a)).claim_order, _reproq_claim_order('default', 1, '2100-01-01 12:01Z'),
    'its place in line is as from its time, less its priority'
);
select is(in_words(:c), 'SCHEDULED with scheduled', 'the others sleep on');

-- since leaves old tickets to the tick.
select advance('6 minutes');
select is(_reproq_wake_due(10, '5 minutes'), 0, 'what was due longer ago than since is left');
select is(_reproq_wake_due(10), 1, 'without it all are woken');

-- A ticket that says otherwise than its record (I52).
select started('d') as d \gset
insert into reproq_scheduled values (:d, '2100-01-01'), (77, '2100-01-01');
select is(_reproq_wake_due(10), 0, 'a ticket of a RUNNING run, or of none, wakes nobody');
select is((run(:d)).status, 'RUNNING', 'and changes nothing');

select * from finish();
rollback;
