create or replace function _reproq_has_ticket(result_id bigint, status text)
returns boolean
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    return case status
        when 'SCHEDULED' then exists (
            select 1 from reproq_scheduled t where t.result_id = _reproq_has_ticket.result_id
        )
        when 'BLOCKED' then exists (
            select 1 from reproq_blocked t where t.result_id = _reproq_has_ticket.result_id
        )
        when 'RUNNING' then exists (
            select 1 from reproq_leases t where t.result_id = _reproq_has_ticket.result_id
        )
        when 'READY' then exists (
            select 1
            from task_runs r
            inner join reproq_ready t
                on t.queue_name = any(array[r.queue_name])
                and t.claim_order = r.claim_order
                and t.result_id = r.result_id
            where r.result_id = _reproq_has_ticket.result_id
        )
        else false
    end;
end;
$$;

comment on function _reproq_has_ticket(bigint, text) is
'Whether a run in this status holds the ticket of its kind, where its record says.';
