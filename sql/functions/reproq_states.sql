create or replace function reproq_states(result_ids bigint[])
returns table (
    result_id bigint,
    status text,
    queue_name text,
    task_path text,
    priority integer,
    attempts integer,
    max_attempts integer,
    lease_losses integer,
    enqueued_at timestamptz,
    run_after timestamptz,
    started_at timestamptz,
    finished_at timestamptz
)
language sql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
    select r.result_id, r.status, r.queue_name, r.task_path, r.priority, r.attempts,
        r.max_attempts, r.lease_losses, r.enqueued_at, r.run_after, r.started_at, r.finished_at
    from unnest(reproq_states.result_ids) with ordinality i (result_id, place)
    inner join task_runs r on r.result_id = any(array[i.result_id])
    order by i.place;
$$;

comment on function reproq_states(bigint[]) is
'How runs stand, in the order of the ids, without arguments, results and messages: for who may watch the queue but not read it. No row for a run that does not exist.';
