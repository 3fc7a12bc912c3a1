begin;
select no_plan();
\ir helpers/setup.sql

-- Whom a session has locked cannot be seen from within it; tests/races does. Here: nothing moves.

select enqueue('a') as a \gset
insert into task_runs (spec_json, status) values ('{"task_path": "a.b"}', 'WAITING') returning result_id as b \gset
insert into reproq_edges values (:b, :a);
select lives_ok(format('select _reproq_lock_dependants(array[%s], null)', :a), 'of a success');
select lives_ok(format('select _reproq_lock_dependants(null, array[%s, %s])', :a, :b), 'of a bad end, and those who wait');
select lives_ok('select _reproq_lock_dependants(null, null)', 'nobody is no error');
select is(array[in_words(:a), in_words(:b)], array['READY with ready', 'WAITING with none'], 'nobody is moved');

-- A circle made by hand has an end.
insert into reproq_edges values (:a, :b);
select lives_ok(format('select _reproq_lock_dependants(array[%s], array[%s])', :a, :b), 'a circle is no endless loop');

select * from finish();
rollback;
