create or replace function _reproq_wake_workers(queues text[])
returns void
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set jit = off
as $$
begin
    -- A NOTIFY makes commits queue behind one another, so it is sent only when somebody waits.
    perform pg_notify('reproq', 'queue ' || q.queue_name)
    from unnest(_reproq_wake_workers.queues) q (queue_name)
    where exists (
        select 1
        from reproq_waiters w
        where w.queue_name = any(array[q.queue_name]) and w.waiting_until > _reproq_now()
    );
end;
$$;

comment on function _reproq_wake_workers(text[]) is
'Send NOTIFY reproq, ''queue <name>'', for each of these queues that an idle worker waits for.';
