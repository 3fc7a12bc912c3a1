create or replace function _reproq_seize_ticket(result_id bigint)
returns text
language plpgsql
volatile
set search_path from current
as $$
declare
    v_status text;
    v_updated_at timestamptz;
    v_seen_at timestamptz;
begin
    loop
        select r.status, r.updated_at into v_status, v_updated_at
        from task_runs r
        where r.result_id = _reproq_seize_ticket.result_id;
        exit when v_status is null or v_status in ('SUCCESSFUL', 'FAILED', 'CANCELLED');

        -- Without a ticket somebody else was quicker, and the record says what it has become, or
        -- the ring has moved it on. One that has not changed since and has none anywhere has lost
        -- its ticket, and is anybody's.
        exit when _reproq_take_ticket(result_id, v_status)
            or v_updated_at = v_seen_at and not _reproq_has_ticket(result_id, v_status);
        v_seen_at := v_updated_at;
    end loop;
    return v_status;
end;
$$;

comment on function _reproq_seize_ticket(bigint) is
'Take the ticket of a run, or lock its lease, waiting for whoever holds it; the status that it was in, null without such a run.';
