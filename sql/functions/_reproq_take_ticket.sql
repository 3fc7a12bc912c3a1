create or replace function _reproq_take_ticket(result_id bigint, status text)
returns boolean
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
begin
    case status
        when 'SCHEDULED' then
            delete from reproq_scheduled t where t.result_id = _reproq_take_ticket.result_id;
        when 'BLOCKED' then
            delete from reproq_blocked t where t.result_id = _reproq_take_ticket.result_id;
        when 'READY' then
            delete from reproq_ready t
            using task_runs r
            where r.result_id = _reproq_take_ticket.result_id
                and t.queue_name = any(array[r.queue_name])
                and t.claim_order = r.claim_order
                and t.result_id = r.result_id;
        when 'WAITING' then
            -- Its edges stay; the lock on the record stands for the ticket. Its dependants, which
            -- end with it, are locked along, since they may come before it in the order. Where it
            -- waits no more, they are let go again: who ends it now has its lease and waits for
            -- them, while the lease is what the caller waits for next.
            begin
                perform _reproq_lock_dependants(null, array[result_id]);
                perform r.result_id
                from task_runs r
                where r.result_id = _reproq_take_ticket.result_id and r.status = 'WAITING';
                if not found then
                    raise no_data_found;
                end if;
                return true;
            exception when no_data_found then
                return false;
            end;
        when 'RUNNING' then
            perform t.result_id
            from reproq_leases t
            where t.result_id = _reproq_take_ticket.result_id
            for update;
    end case;
    return found;
end;
$$;

comment on function _reproq_take_ticket(bigint, text) is
'Take the ticket of one run that is in this status, or lock its lease, waiting for whoever holds it; false when there is none any more.';
