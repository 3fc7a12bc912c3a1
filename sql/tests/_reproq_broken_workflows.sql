begin;
select no_plan();
\ir helpers/setup.sql
\ir helpers/flows.sql
\ir helpers/broken.sql

select flow('{"a": [], "b": ["a"], "c": ["b"]}', 'c') as f \gset
select (:'f'::jsonb ->> 'a')::bigint as a, (:'f'::jsonb ->> 'b')::bigint as b, (:'f'::jsonb ->> 'c')::bigint as c,
    :'f'::jsonb ->> 'id' as id \gset
select is_empty('select * from _reproq_broken_workflows()', 'a chain is sound');

select is(
    (select string_agg(l, E'\n') from unnest(string_to_array(broken('alter table task_runs disable trigger user; ' || b.by_hand), E'\n')) l where l !~ '^(I3|I9) '), b.reported, b.name
)
from (values
    ('a run that was released too early',
        format('update task_runs set status = ''READY'' where result_id = %s', :b),
        format('I26 a run is released when all that it waits for have succeeded: run %s is READY, run %s has not succeeded', :b, :a)),
    ('a run that was released though its predecessor failed',
        format('update task_runs set status = ''FAILED'', finished_at = now(), failed_at = now()
            where result_id = %s;
            update task_runs set status = ''READY'' where result_id = %s', :a, :b),
        format('I26 a run is released when all that it waits for have succeeded: run %s is READY, run %s has not succeeded', :b, :a)),
    ('a run that was not released',
        format('update task_runs set status = ''SUCCESSFUL'', finished_at = now()
            where result_id = %s', :a),
        format('I27 a WAITING run waits for an unfinished one: run %s', :b)),
    ('a circle', format('insert into reproq_edges values (%s, %s); delete from reproq_edges where waits_for = %s',
        :b, :c, :a),
        format(E'I29 no run waits for itself: run %s waits in a circle\nI29 no run waits for itself: run %s waits in a circle', :b, :c)),
    ('a workflow without a run',
        format('update task_runs set workflow_id = null where workflow_id = %L', :'id'),
        format('I53 a workflow goes with its last run: workflow %s', :'id'))
) b (name, by_hand, reported);

select complete(:'f', 'a'), complete(:'f', 'b'), reproq_prune('{SUCCESSFUL}', '0');
select is((select count(*) from task_runs where workflow_id = :'id'), 2::bigint, 'pruning leaves fewer runs');
select is_empty('select * from _reproq_broken_workflows()', 'which is sound');

select * from finish();
rollback;
