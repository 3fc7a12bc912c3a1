begin;
select plan(9);
\ir helpers/setup.sql

insert into periodic_tasks (name, cron_expr, task_path, payload_json, queue_name, priority, concurrency_key, concurrency_limit)
values ('nightly', '0 3 * * *', 'shop.tasks.count', '{"args": [1], "kwargs": {"a": 2}}', 'mail', 5, 'k', 2);

create function spec(slot timestamptz default '2100-01-02 03:00')
returns jsonb
language sql
as 'select _reproq_slot_spec(t, slot) from periodic_tasks t';

select is(
    spec(),
    '{"v": 1, "task_path": "shop.tasks.count", "args": [1], "kwargs": {"a": 2}, "takes_context": false,
    "queue_name": "mail", "priority": 5, "lock_key": null, "concurrency_key": "k", "concurrency_limit": 2,
    "run_after": "2100-01-02T03:00:00.000000+00:00", "exec": {"timeout_seconds": 900, "max_attempts": 3},
    "provenance": {"code_ref": null, "pip_lock_hash": null}, "periodic_name": "nightly",
    "scheduled_at": "2100-01-02T03:00:00Z"}',
    'a spec like any other, which names schedule and slot'
);
set local time zone 'Asia/Kathmandu';
select is(spec('2100-01-02 03:00Z') ->> 'scheduled_at', '2100-01-02T03:00:00Z', 'in UTC');
set local time zone 'UTC';
select is(spec('2100-01-02 03:00:00.25') ->> 'scheduled_at', '2100-01-02T03:00:00.25Z', 'to the microsecond');
update periodic_tasks set max_attempts = 7;
select is(spec() #>> '{exec,max_attempts}', '7', 'with its attempts');
update periodic_tasks set max_attempts = 0;
select is(spec() #>> '{exec,max_attempts}', '3', 'of which 0 means 3');
update periodic_tasks set concurrency_key = '';
select is(spec() ->> 'concurrency_key', null, 'an empty key is none');

-- Around the trigger.
alter table periodic_tasks disable trigger reproq_check_schedule;
update periodic_tasks set task_path = 'nodots';
select throws_like('select spec()', 'task_path: must be a dotted path%', 'what is stored is checked');
update periodic_tasks set task_path = 'a.b', payload_json = '1';
select throws_like('select spec()', 'payload_json: invalid%', 'all of it');
update periodic_tasks set payload_json = '[]', priority = 1, concurrency_limit = -1;
select throws_like('select spec()', 'concurrency_limit: must be%', 'limits, too');

select * from finish();
rollback;
