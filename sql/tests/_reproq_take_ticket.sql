begin;
select no_plan();
\ir helpers/setup.sql

select started('running', '{"lock_key": "l"}') as running, enqueue('blocked', '{"lock_key": "l"}') as blocked \gset
select claims();
select enqueue('ready') as ready, enqueue('later', '{"run_in": 60}') as later \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING')
returning result_id as waiting \gset
insert into reproq_edges values (:waiting, :ready);

select collect_tap(
    ok(_reproq_take_ticket(r.id, r.status), r.status || ': taken'),
    is(tickets_of(r.id), r.leaves, r.status || ': what is left')
)
from (values
    (:ready, 'READY', 'none'), (:later, 'SCHEDULED', 'none'), (:blocked, 'BLOCKED', 'none'),
    (:waiting, 'WAITING', 'none'), (:running, 'RUNNING', 'lease')
) r (id, status, leaves);
select is((select count(*) from reproq_edges), 1::bigint, 'a waiting run keeps its edges');
select ok(not _reproq_take_ticket(r.id, r.status), r.status || ': a ticket that is gone is false')
from (values (:ready, 'READY'), (:later, 'SCHEDULED'), (:blocked, 'BLOCKED'), (77, 'RUNNING'), (77, 'WAITING'))
    r (id, status);

select * from finish();
rollback;
