create or replace function reproq_failed_runs(
    queue text default null,
    max_tasks integer default 50,
    failed_before timestamptz default null,
    before_id bigint default null
)
returns table (
    result_id bigint,
    queue_name text,
    task_path text,
    attempts integer,
    max_attempts integer,
    failed_at timestamptz,
    kind text,
    last_error text,
    spec_hash text,
    live_twin bigint,
    waits_for bigint
)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
#variable_conflict use_column
begin
    if max_tasks is null or max_tasks not between 1 and 100000 then
        perform _reproq_refuse('max_tasks', 'must be between 1 and 100000');
    end if;
    return query
    select
        r.result_id, r.queue_name, r.task_path, r.attempts, r.max_attempts, r.failed_at,
        r.errors_json -> -1 ->> 'kind', r.last_error, r.spec_hash::text,
        -- What reproq_retry would refuse it for.
        (
            select t.result_id
            from task_runs t
            where r.dedup
                and t.spec_hash = r.spec_hash
                and t.dedup
                and t.finished_at is null
        ),
        (
            select min(p.result_id)
            from reproq_edges e
            inner join task_runs p on p.result_id = e.waits_for
            where e.result_id = r.result_id and p.status in ('FAILED', 'CANCELLED')
        )
    from task_runs r
    where r.failed_at is not null
        and r.status = 'FAILED'
        and (reproq_failed_runs.queue is null or r.queue_name = reproq_failed_runs.queue)
        and (r.failed_at, r.result_id) < (
            coalesce(reproq_failed_runs.failed_before, 'infinity'),
            coalesce(reproq_failed_runs.before_id, 0)
        )
    order by r.failed_at desc, r.result_id desc
    limit max_tasks;
end;
$$;

comment on function reproq_failed_runs(text, integer, timestamptz, bigint) is
'The FAILED runs, of one queue or of all, the last failure first; live_twin and waits_for name the run that keeps reproq_retry from giving it a new start. For the next page give failed_at and result_id of the last row as failed_before and before_id. Errors: 22023.';
