create or replace function reproq_register_worker(
    worker_id text,
    hostname text default '',
    concurrency integer default 1,
    queues text[] default '{default}',
    version text default null
)
returns void
language plpgsql
volatile
set search_path from current
as $$
#variable_conflict use_column
declare
    v_now timestamptz := _reproq_now();
begin
    perform _reproq_check_claim(
        worker_id, queues, concurrency, interval '1 minute', interval '0'
    );
    insert into reproq_workers as w (
        worker_id, hostname, concurrency, queues, started_at, last_seen_at, version
    )
    values (
        reproq_register_worker.worker_id, coalesce(reproq_register_worker.hostname, ''),
        reproq_register_worker.concurrency, to_jsonb(reproq_register_worker.queues),
        v_now, v_now, reproq_register_worker.version
    )
    on conflict (worker_id) do update set
        hostname = excluded.hostname,
        concurrency = excluded.concurrency,
        queues = excluded.queues,
        last_seen_at = excluded.last_seen_at,
        version = excluded.version;
end;
$$;

comment on function reproq_register_worker(text, text, integer, text[], text) is
'Enter a worker in the registry, or say that it is still there. Errors: 22023.';
