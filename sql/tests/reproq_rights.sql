begin;
select plan(5);

select is_empty(
    $$select r.function_name from reproq_rights() r where to_regproc(r.function_name) is null$$,
    'it names functions that exist'
);
select is_empty(
    $$select p.proname from pg_proc p
    where p.proname like 'reproq\_%' and p.pronamespace = 'public'::regnamespace
        and p.proname not in (select r.function_name from reproq_rights() r)$$,
    'every function for clients is for some kind of role'
);
select is_empty(
    $$select 1 from reproq_rights() r group by r.kind, r.function_name having count(*) > 1$$, 'each once'
);
select set_eq(
    'select r.kind from reproq_rights() r', '{producer,worker,operator,observer}'::text[], 'there are four kinds'
);
-- The installer tells an operator from an observer by the one and not by the other.
select is_empty(
    $$select function_name from reproq_rights() where kind = 'observer'
    except select function_name from reproq_rights() where kind = 'operator'$$,
    'an operator may do whatever an observer may'
);

select * from finish();
rollback;
