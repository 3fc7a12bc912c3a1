create or replace function reproq_known_workers()
returns table (
    worker_id text,
    hostname text,
    concurrency integer,
    queues jsonb,
    version text,
    started_at timestamptz,
    last_seen_at timestamptz,
    unseen_for interval
)
language sql
volatile
set search_path from current
as $$
    select w.worker_id, w.hostname, w.concurrency, w.queues, w.version, w.started_at,
        w.last_seen_at, _reproq_now() - w.last_seen_at
    from reproq_workers w
    order by w.last_seen_at desc, w.worker_id;
$$;

comment on function reproq_known_workers() is
'Every worker that has registered and not signed off, the one seen last first, and for how long it has not been seen; after two minutes it counts as dead.';
