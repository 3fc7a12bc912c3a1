create or replace function _reproq_live_twin(spec_hash text)
returns bigint
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_id bigint;
    v_expired boolean;
begin
    select r.result_id, r.status <> 'RUNNING' and r.expires_at <= _reproq_now()
    into v_id, v_expired
    from task_runs r
    where r.spec_hash = _reproq_live_twin.spec_hash::char(64)
        and r.dedup
        and r.finished_at is null;

    if v_expired then
        if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
            raise exception 'reproq: run % has expired and must be settled first', v_id
            using errcode = '40001', hint = 'Try again: the next tick settles it.';
        end if;
        if _reproq_seize_ticket(v_id) in ('SCHEDULED', 'WAITING', 'BLOCKED', 'READY') then
            perform _reproq_settle(array[v_id], array['expire']);
        end if;
        return null;
    end if;
    return v_id;
end;
$$;

comment on function _reproq_live_twin(text) is
'The live run with this hash, or null: one that has expired is settled and makes room.';
