begin;
select no_plan();

-- The rules themselves are shown at the door: reproq_enqueue.sql.
create function check_spec(
    place text default '', unknown jsonb default '{}', task_path text default 'a.b',
    priority integer default 0
) returns boolean language sql volatile as $$
    select _reproq_check_spec(
        place, unknown, task_path, '[]', '{}', 'default', priority, null, null, null, null, 0, 3, 900,
        null, true, '30 s', '1 h', false, 'default', null, '{}', null, 3
    );
$$;
select ok(check_spec(), 'a good spec is true');
select throws_ok(
    'select check_spec(place => ''specs[3].'', task_path => ''nodot'')', '22023',
    'specs[3].task_path: must be a dotted path without spaces, at most 500 characters long',
    'a bad parameter is named with its place'
);
select throws_ok(
    'select check_spec(place => ''specs[3].'', unknown => null)', '22023', 'specs[3]: must be an object',
    'what is no object at all is named by its place alone'
);
select throws_ok(
    'select check_spec(unknown => ''{"zz": 1, "aa": 2}'')', '22023',
    'aa: is no parameter of reproq_enqueue', 'an unknown key is named'
);
select throws_ok(
    'select check_spec(task_path => null, priority => null)', '22004', null,
    'a null where none may be is 22004'
);

select * from finish();
rollback;
