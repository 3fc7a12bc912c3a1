create or replace function _reproq_unpark(result_ids bigint[])
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
begin
    if coalesce(cardinality(result_ids), 0) = 0 then
        return 0;
    end if;
    delete from reproq_blocked b
    using unnest(result_ids) i (result_id)
    where b.result_id = any(array[i.result_id]);
    update task_runs r
    set status = 'READY', updated_at = _reproq_now()
    from unnest(result_ids) i (result_id)
    where r.result_id = any(array[i.result_id]);
    perform _reproq_line_up(result_ids);
    return cardinality(result_ids);
end;
$$;

comment on function _reproq_unpark(bigint[]) is
'Bring BLOCKED runs whose tickets and records the caller has locked back into the line, each at its old place; how many.';
