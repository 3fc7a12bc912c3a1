create or replace function _reproq_wait_for(worker_id text, queues text[], wait interval)
returns void
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
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
begin
    if wait <= interval '0' then
        update reproq_waiters w
        set waiting_until = v_now
        from unnest(queues) q (queue_name)
        where w.queue_name = any(array[q.queue_name])
            and w.worker_id = _reproq_wait_for.worker_id
            and w.waiting_until > v_now;
        return;
    end if;

    -- Renewed only when half of it has passed, so that idle polling writes little.
    insert into reproq_waiters as w (queue_name, worker_id, waiting_until)
    select distinct q.queue_name, _reproq_wait_for.worker_id, v_now + wait
    from unnest(queues) q (queue_name)
    where not exists (
        select 1
        from reproq_waiters e
        where e.queue_name = any(array[q.queue_name])
            and e.worker_id = _reproq_wait_for.worker_id
            and e.waiting_until > v_now + wait / 2
    )
    on conflict (queue_name, worker_id) do update set waiting_until = excluded.waiting_until;
end;
$$;

comment on function _reproq_wait_for(text, text[], interval) is
'Ask for a NOTIFY of work in these queues for a while, or for none with a wait of 0.';
