begin;
select no_plan();

-- What the files of sql/functions have become in this database.

create temp view ours as
select p.*
from pg_proc p
inner join pg_namespace n on n.oid = p.pronamespace
where p.proname ~ '^_?reproq_' and n.oid = (select relnamespace from pg_class where oid = 'task_runs'::regclass);

select cmp_ok((select count(*) from ours), '>', 50::bigint, 'the functions are installed');
select is_empty(
    $$select proname from ours o
    where not exists (
        select 1 from unnest(o.proconfig) c
        where c = format('search_path=%s, pg_temp', (select quote_ident(nspname) from pg_namespace where oid = o.pronamespace))
    )$$,
    'every function looks for tables in its own schema first and in pg_temp last (I46)'
);
select is_empty(
    $$select proname from ours
    where 'enable_seqscan=off' = any(proconfig) and 'jit=off' <> all(proconfig)$$,
    'where scans are off so is JIT, which their cost would turn on before PostgreSQL 18'
);
select is_empty(
    'select proname from ours group by proname having count(*) > 1', 'no function has an overload'
);
select is_empty(
    'select proname from ours where obj_description(oid, ''pg_proc'') is null', 'every function says what it does'
);
select is_empty(
    'select proname from ours where proisstrict', 'none answers a null with silence'
);
select is_empty('select proname from ours where prosecdef', 'none runs with the rights of its owner');
select is_empty(
    $$select proname from ours where prosrc ~* '\mexecute\M(?!'')' and proname !~ '^_reproq_(install|drop|copy)_'$$,
    'none runs SQL made from its arguments (I45)'
);
select is_empty(
    $$select proname, a from ours, unnest(proargnames) a where proname like 'reproq%' and a !~ '^[a-z][a-z_]*$'$$,
    'public parameters and columns have plain names'
);

-- A claim's update of the record is heap-only as long as no index names what it writes.

select is_empty(
    $$select i.indexrelid::regclass, c.column_name
    from pg_index i
    cross join unnest('{status,started_at,last_attempted_at,attempts,worker_ids,lease_no,leased_by,
        leased_until,updated_at,metadata_json,cancel_requested}'::text[]) c (column_name)
    where i.indrelid = 'task_runs'::regclass
        and pg_get_indexdef(i.indexrelid) ~ ('\m' || c.column_name || '\M')$$,
    'no index of task_runs names a column that claim, heartbeat or save_metadata writes'
);
select is(
    (select reloptions from pg_class where oid = 'task_runs'::regclass), '{fillfactor=50}',
    'its pages are half empty for that'
);
select is_empty(
    $$select conrelid::regclass from pg_constraint
    where contype = 'f' and confrelid = 'task_runs'::regclass$$,
    'no table of ours holds a foreign key to task_runs, so that Django can truncate it'
);

select * from finish();
rollback;
