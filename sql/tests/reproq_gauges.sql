begin;
select plan(4);
\ir helpers/setup.sql

select is(
    (select row(g.*)::text from reproq_gauges() g), '(0,0,0,0,0,0,0,0,0)', 'nothing, at first'
);

select enqueue('ready', '{}');
select enqueue('later', '{"run_in": "1 hour"}');
select * from reproq_enqueue_workflow('[
    {"key": "a", "task_path": "t.a"},
    {"key": "b", "task_path": "t.b", "after": ["a"]},
    {"key": "c", "task_path": "t.c", "after": ["b"]}
]');
select enqueue('held', '{"lock_key": "l", "priority": 9}');
select enqueue('parked', '{"lock_key": "l", "priority": 8}');
select reproq_register_worker('w', 'host', 7, '{default}', '1');
select reproq_register_worker('gone', 'host', 5, '{default}', '1');
update reproq_workers set last_seen_at = _reproq_now() - interval '3 minutes' where worker_id = 'gone';
select count(*) from reproq_claim('w', max_tasks => 1);
select count(*) from reproq_claim('gone', max_tasks => 1);
select reproq_pause_queue('other');

select is((select g.scheduled from reproq_gauges() g), 1::bigint, 'a ticket for a time');
select is(
    (select row(g.waiting, g.running, g.blocked)::text from reproq_gauges() g), '(2,2,1)',
    'members that wait, leases, and who is parked'
);
select is(
    (select row(g.workers, g.capacity, g.in_use, g.paused_queues)::text from reproq_gauges() g),
    '(1,7,1,1)', 'of workers that are alive'
);

select * from finish();
rollback;
