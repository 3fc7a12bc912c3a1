begin;
select no_plan();
\ir helpers/setup.sql

select started('a') as a, started('b') as b \gset
select advance('5 minutes');
select is(_reproq_find_lost(1), array[:a], 'as many as are wanted');
select is(_reproq_find_lost(9), array[:b], 'then the others');
select is(_reproq_find_lost(9), '{}', 'then none');
select is_empty('select 1 from reproq_lost_look', 'a look that is quick leaves no note');

select started('late') as late \gset
insert into reproq_lost_look values (true, _reproq_now() + '5 minutes 11 s', _reproq_now() + '6 minutes');
select advance('5 minutes 11 s');
select is(_reproq_find_lost(9), '{}', 'it looks no further back than ten seconds before the last look');
select advance('49 s');
select is(_reproq_find_lost(9), array[:late], 'and at all of them when that is due');

select started('new') as new \gset
select advance('5 minutes');
update reproq_lost_look set looked_until = _reproq_now() - '1 s'::interval, whole_after = _reproq_now() + '30 s';
select is(_reproq_find_lost(9), array[:new], 'what ran out since the last look is found');
select results_eq(
    'select looked_until, whole_after from reproq_lost_look',
    'select _reproq_now(), _reproq_now() + ''30 s''',
    'the next look goes on from here, and the one at all of them stays due'
);

select started('back') as back \gset
select advance('5 minutes');
update reproq_lost_look set looked_until = _reproq_now() + '10 minutes', whole_after = _reproq_now() + '11 minutes';
select is(_reproq_find_lost(9), array[:back], 'a clock that was put back shortens no look');

select * from finish();
rollback;
