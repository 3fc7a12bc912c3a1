begin;
select plan(2);

select results_eq(
    $$select i.name, i.digest from reproq_installed() i where i.kind = 'migration' order by 1$$,
    'select m.name, m.digest from reproq_migrations m order by 1', 'the migrations that were applied'
);
select results_eq(
    $$select i.name, i.digest from reproq_installed() i where i.kind = 'function' order by 1$$,
    'select f.name, f.digest from reproq_functions f order by 1', 'and the functions'
);

select * from finish();
rollback;
