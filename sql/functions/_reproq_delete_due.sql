create or replace function _reproq_delete_due(max_tasks integer)
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    v_now timestamptz := _reproq_now();
    v_due bigint[];
    v_count integer;
begin
    v_due := array(
        select r.result_id
        from task_runs r
        where r.delete_after <= v_now
        order by r.delete_after, r.result_id
        limit max_tasks
    );
    v_count := _reproq_delete_runs(v_due);

    -- What holds the others may hold them for good: tried at every tick, they would cost a
    -- subtransaction each and hide those behind them.
    if v_count < cardinality(v_due) then
        update task_runs r
        set delete_after = v_now + interval '1 hour'
        where r.result_id = any(array(
            select k.result_id
            from task_runs k
            where k.result_id = any(v_due)
            order by k.result_id
            for no key update skip locked
        ));
    end if;
    return v_count;
end;
$$;

comment on function _reproq_delete_due(integer) is
'Delete up to max_tasks finished runs whose time to live has passed; how many. One that somebody holds is tried again in an hour.';
