begin;
select no_plan();
\ir helpers/setup.sql

select started('running', '{"lock_key": "l"}') as running, enqueue('blocked', '{"lock_key": "l"}') as blocked \gset
select claims();
select enqueue('ready') as ready, enqueue('later', '{"run_in": 60}') as later \gset

select ok(_reproq_has_ticket(r.id, r.status), r.status || ' has its ticket')
from (values
    (:running, 'RUNNING'), (:blocked, 'BLOCKED'), (:ready, 'READY'), (:later, 'SCHEDULED')
) r (id, status);
select ok(not _reproq_has_ticket(:ready, s), 'a READY run has no ticket of ' || s)
from unnest('{RUNNING,BLOCKED,SCHEDULED,SUCCESSFUL}'::text[]) s;
update reproq_ready set claim_order = claim_order + 1;
select ok(not _reproq_has_ticket(:ready, 'READY'), 'a ticket in another place is not its own');

select * from finish();
rollback;
