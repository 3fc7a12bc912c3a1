begin;
select no_plan();
\ir helpers/setup.sql

select started('a') as a, started('b') as b, started('c') as c, started('needed') as needed \gset
select reproq_complete(r, 1) from unnest(array[:a, :b, :c, :needed]) r;
select enqueue('live') as live \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as waiting \gset
insert into reproq_edges values (:waiting, :needed), (:waiting, :live);
create table invoice (run_id bigint references task_runs);
insert into invoice values (:b);
select is(
    _reproq_delete_runs(array[:a, :b, :c, :needed, :live, 77]), 2,
    'finished runs go; what is live, needed by a live one or held by a foreign key stays'
);
select results_eq(
    'select result_id from task_runs order by 1', format('values (%s), (%s), (%s), (%s)', :b, :needed, :live, :waiting),
    'only those'
);
select is(_reproq_delete_runs('{}'), 0, 'nobody is no error');

-- Django's foreign keys wait for the commit with their complaint.

drop table invoice;
create table invoice (run_id bigint references task_runs deferrable initially deferred);
create table other (id integer primary key, other_id integer references other deferrable initially deferred);
insert into invoice values (:b);
select started('d') as d \gset
select reproq_complete(:d, 1);
select is(_reproq_delete_runs(array[:b, :d]), 1, 'a deferred foreign key holds its run, too');
select lives_ok('set constraints all immediate', 'and leaves nothing to complain of');
set constraints all deferred;
select lives_ok('insert into other values (1, 2)', 'other constraints are deferred as before');
update other set other_id = null;
select is((run(:b)).status, 'SUCCESSFUL', 'it is kept');
delete from invoice;
select is(_reproq_delete_runs(array[:b, :d]), 1, 'and goes when nothing holds it');

select * from finish();
rollback;
