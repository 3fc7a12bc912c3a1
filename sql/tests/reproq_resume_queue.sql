begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('a', '{"queue": "mail"}') \gset
select reproq_pause_queue('mail', 'why');
select ok(reproq_resume_queue('mail'), 'it was paused');
select is(claims(9, '{mail}'), 'a', 'and is not');
select ok(not reproq_resume_queue('mail'), 'twice is no error');
select ok(not reproq_resume_queue('never paused'), 'nor is a queue that never was');
select ok(not reproq_resume_queue(null), 'nor none');
-- (Sleeping workers are woken: tests/races/test_limits.py.)

select * from finish();
rollback;
