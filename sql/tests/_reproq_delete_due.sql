begin;
select no_plan();
\ir helpers/setup.sql

select started('a', '{"result_ttl": 60}') as a, started('b', '{"result_ttl": 30}') as b, started('c') as c,
    started('e', '{"result_ttl": 60}') as e,
    started('retried', '{"result_ttl": 0}') as d \gset
select reproq_complete(r, 1) from unnest(array[:a, :b, :c, :e]) r;
select reproq_fail(:d, 1, '{}', false);
select reproq_retry(:d);
select advance('29 s');
select is(_reproq_delete_due(10), 0, 'a result is kept for its time to live');
select advance('31 s');
select is(_reproq_delete_due(1), 1, 'at most max_tasks');
select is((run(:b)).result_id, null, 'the one that was due first');
select is(_reproq_delete_due(10), 2, 'then the others');
select is(
    array[(run(:c)).result_id, (run(:d)).result_id], array[:c, :d],
    'a result without a time to live is kept, and so is a run that was retried'
);

-- Who is held does not hold up others.

delete from task_runs;
select started('held', '{"result_ttl": 10}') as held, started('free', '{"result_ttl": 20}') as free \gset
select reproq_complete(r, 1) from unnest(array[:held, :free]) r;
create table invoice (run_id bigint references task_runs);
insert into invoice values (:held);
select advance('1 minute');
select is(_reproq_delete_due(1), 0, 'a run that a foreign key holds is kept');
select is(_reproq_delete_due(1), 1, 'and the next one is reached');
delete from invoice;
select advance('59 minutes');
select is(_reproq_delete_due(1), 0, 'it is left alone for an hour');
select advance('1 minute');
select is(_reproq_delete_due(1), 1, 'and then tried again');

select * from finish();
rollback;
