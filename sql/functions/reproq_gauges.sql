create or replace function reproq_gauges()
returns table (
    ready bigint,
    waiting bigint,
    scheduled bigint,
    blocked bigint,
    running bigint,
    workers bigint,
    capacity bigint,
    in_use bigint,
    paused_queues bigint
)
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
declare
    v_alive timestamptz := _reproq_now() - interval '2 minutes';
begin
    -- Tickets, not records: it costs the same however many runs have finished.
    return query
    select
        (select count(*) from reproq_ready),
        (select coalesce(sum(w.runs), 0)::bigint from _reproq_count_waiting() w),
        (select count(*) from reproq_scheduled),
        (select count(*) from reproq_blocked),
        (select count(*) from reproq_leases),
        (select count(*) from reproq_workers w where w.last_seen_at > v_alive),
        (select coalesce(sum(w.concurrency), 0)
            from reproq_workers w where w.last_seen_at > v_alive),
        (
            select count(*)
            from reproq_leases l
            inner join reproq_workers w on w.worker_id = l.worker_id
            where w.last_seen_at > v_alive
        ),
        (select count(*) from reproq_queue_controls c where c.paused);
end;
$$;

comment on function reproq_gauges() is
'How full the whole queue is, in one row: tickets of each kind, WAITING runs, workers seen within two minutes with their concurrency in sum and the runs that they hold, and paused queues. Never looks through finished runs.';
