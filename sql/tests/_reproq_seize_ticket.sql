begin;
select no_plan();
\ir helpers/setup.sql

select enqueue('ready') as ready, started('running') as running, started('done') as done \gset
select reproq_complete(:done, 1);

select is(_reproq_seize_ticket(:ready), 'READY', 'the status that the run was in');
select is(tickets_of(:ready), 'none', 'and its ticket is taken');
select is(_reproq_seize_ticket(:ready), 'READY', 'a record whose ticket is lost is anybody''s');
select is(_reproq_seize_ticket(:running), 'RUNNING', 'a lease is locked');
select is(tickets_of(:running), 'lease', 'and stays');
select is(_reproq_seize_ticket(:done), 'SUCCESSFUL', 'a finished run holds none');
select is(_reproq_seize_ticket(77), null, 'no run, no status');

select * from finish();
rollback;
