begin;
select no_plan();
\ir helpers/setup.sql

create function counted(most integer default 100000) returns text
language sql volatile as $$
    select coalesce(string_agg(format('%s %s %s', c.queue_name, c.status, c.runs), ', '), '')
    from reproq_counts(most) c;
$$;
create function looked_back(most integer) returns interval
language sql volatile as $$ select distinct c.finished_within from reproq_counts(most) c $$;

select is(counted(), '', 'of nothing there is nothing');
select enqueue('a'), enqueue('b', '{"queue": "mail"}'), enqueue('c', '{"run_in": 60}');
select started('d', '{"lock_key": "l"}') as d \gset
select started('e', '{"queue": "mail"}') as e \gset
select enqueue('f', '{"lock_key": "l"}');
select claims(1);
select is_empty(
    $$select c.queue_name, c.status, c.runs from reproq_counts() c
    except select r.queue_name, r.status, count(*) from task_runs r group by 1, 2$$,
    'it counts what is there'
);
select is_empty(
    $$select r.queue_name, r.status, count(*) from task_runs r group by 1, 2
    except select c.queue_name, c.status, c.runs from reproq_counts() c$$,
    'all of it'
);

delete from task_runs;
select reproq_complete(started('a'), 1);
select is(counted(1), 'default SUCCESSFUL 1', 'what has finished, too');
select is(looked_back(1), null, 'all of it, while it is no more than that');
select advance('3 days');
select reproq_fail(started('b', '{"max_attempts": 1}'), 1, '{"message": "x"}');
select is(counted(2), 'default FAILED 1, default SUCCESSFUL 1', 'each status');
select is(counted(1), 'default FAILED 1', 'or that of the last days where there is more');
select is(looked_back(1), '1 day', 'and it says of how many');
select advance('30 seconds');
select reproq_complete(started('c'), 1);
select is(counted(1), 'default SUCCESSFUL 1', 'or of seconds');
select is(looked_back(1), '10 seconds', 'which it says');
select reproq_complete(started('d'), 1);
select is(looked_back(1), '1 second', 'but not of less than one');
select throws_ok(format('select * from reproq_counts(%s)', n), '22023', null, 'max_tasks is at least 1')
from unnest('{0,-1,"null"}'::text[]) n;
select is_empty('select * from reproq_violations()', 'no invariant is broken');

select * from finish();
rollback;
