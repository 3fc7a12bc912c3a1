create or replace function _reproq_wake_due(max_tasks integer, since interval default null)
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_now timestamptz := _reproq_now();
    v_woken bigint[];
begin
    with due as materialized (
        select s.result_id
        from reproq_scheduled s
        inner join task_runs r on r.result_id = any(array[s.result_id])
        where s.run_after <= v_now
            and s.run_after > coalesce(v_now - since, '-infinity')
            and r.status = 'SCHEDULED'
        order by s.run_after, s.result_id
        limit max_tasks
        for update of s skip locked
        for no key update of r skip locked
    ),

    taken as (
        delete from reproq_scheduled s
        using due
        where s.result_id = any(array[due.result_id])
    ),

    woken as (
        update task_runs r
        set
            status = 'READY',
            claim_order = _reproq_claim_order(r.queue_name, r.priority, r.run_after),
            updated_at = v_now
        from due
        where r.result_id = any(array[due.result_id])
        returning r.result_id
    )

    select array_agg(w.result_id order by w.result_id) into v_woken
    from woken w;
    if v_woken is null then
        return 0;
    end if;
    perform _reproq_line_up(v_woken);
    return cardinality(v_woken);
end;
$$;

comment on function _reproq_wake_due(integer, interval) is
'Move SCHEDULED runs whose time has come into the line; how many. since looks back no further, past tickets that could not be vacuumed.';
