create or replace function reproq_results(result_ids bigint[])
returns table (
    result_id bigint,
    status text,
    return_json jsonb,
    last_error text,
    errors_json jsonb,
    attempts integer,
    enqueued_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz
)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
declare
    v_caller name := _reproq_caller();
    -- Who reads the tables with rights of its own, or may operate, sees every run.
    v_all boolean := v_caller = current_user
        or has_function_privilege(v_caller, 'reproq_explain(bigint)', 'execute');
begin
    return query
    select r.result_id, r.status, r.return_json, r.last_error, r.errors_json, r.attempts,
        r.enqueued_at, r.started_at, r.finished_at
    from unnest(reproq_results.result_ids) with ordinality i (result_id, place)
    inner join task_runs r on r.result_id = any(array[i.result_id])
    where v_all or r.enqueued_by = v_caller or exists (
        select 1
        from pg_roles o
        where o.rolname = r.enqueued_by and pg_has_role(v_caller, o.oid, 'usage')
    )
    order by i.place;
end;
$$;

comment on function reproq_results(bigint[]) is
'How runs stand and what came of them, in the order of the ids. Where roles are told apart a producer sees what it has enqueued itself, or a role whose rights it has; of any other run there is no row, as of one that does not exist.';
