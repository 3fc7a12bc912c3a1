begin;
select no_plan();
\ir helpers/setup.sql

-- What is sent cannot be seen before a commit, but Postgres refuses a message of 8000 bytes: a queue
-- with such a name tells whether a NOTIFY was tried.
select repeat('q', 8000) as queue \gset
prepare wake as select _reproq_wake_workers(array['other', repeat('q', 8000)]);

select lives_ok('wake', 'nobody waits: no NOTIFY');
insert into reproq_waiters values (:'queue', 'w1', _reproq_now() + '10 s');
select throws_ok('wake', '22023', 'payload string too long', 'a worker waits: it gets a NOTIFY of its queue');
select lives_ok('select _reproq_wake_workers(''{other}'')', 'another queue is not its business');
select lives_ok('select _reproq_wake_workers(null)', 'nor is none');
select advance('10 s');
select lives_ok('wake', 'it waits no longer: no NOTIFY');

select * from finish();
rollback;
