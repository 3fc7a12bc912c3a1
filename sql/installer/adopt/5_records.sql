-- Each run as the new layout says it. What is finished is written only where something is missing.
do $records$
declare
    v_now constant timestamptz := clock_timestamp();
    v_unknown text;
begin
    if current_setting('reproq.adopting', true) is distinct from 'on' then
        return;
    end if;

    select string_agg(distinct r.status, ', ') into v_unknown
    from task_runs r
    where r.status not in ('READY', 'RUNNING', 'WAITING', 'SUCCESSFUL', 'FAILED', 'CANCELLED');
    if v_unknown is not null then
        raise exception 'runs in task_runs have a status that reproq does not know: %', v_unknown
            using errcode = 'RQ005',
            hint = 'Give them one of READY, RUNNING, WAITING, SUCCESSFUL, FAILED and CANCELLED.';
    end if;

    update task_runs r
    set
        task_path = coalesce(
            nullif(r.task_path, ''), nullif(r.spec_json ->> 'task_path', ''), 'unknown'
        ),
        finished_at = coalesce(r.finished_at, r.failed_at, r.updated_at),
        failed_at = case
            when r.status = 'FAILED' then coalesce(r.failed_at, r.finished_at, r.updated_at)
        end,
        leased_by = null,
        leased_until = null,
        attempts = greatest(r.attempts, 0),
        concurrency_limit = greatest(r.concurrency_limit, 0)
    where r.status in ('SUCCESSFUL', 'FAILED', 'CANCELLED')
        and (
            coalesce(r.task_path, '') = ''
            or r.finished_at is null
            or (r.status = 'FAILED') <> (r.failed_at is not null)
            or r.leased_until is not null
            or r.attempts < 0
            or r.concurrency_limit < 0
        );

    update task_runs r
    set
        task_path = coalesce(
            nullif(r.task_path, ''), nullif(r.spec_json ->> 'task_path', ''), 'unknown'
        ),
        -- A delayed or a retried run.
        status = case
            when r.status = 'READY' and r.run_after > v_now then 'SCHEDULED' else r.status
        end,
        dedup = k.dedups,
        attempts = greatest(r.attempts, 0),
        -- What stands in line is to be started once more, however often it was already.
        max_attempts = greatest(
            r.max_attempts, 1, r.attempts + (r.status <> 'RUNNING')::integer
        ),
        concurrency_limit = greatest(r.concurrency_limit, 0),
        -- A lease more than claims, as of every run that came in as RUNNING.
        lease_no = case
            when r.status = 'RUNNING' then jsonb_array_length(r.worker_ids) + 1 else r.lease_no
        end,
        leased_by = case when r.status = 'RUNNING' then coalesce(r.leased_by, 'unknown') end,
        leased_until = case
            when r.status = 'RUNNING' then coalesce(r.leased_until, v_now + interval '5 minutes')
        end,
        finished_at = null,
        failed_at = null
    from (
        -- Members of a workflow dedup with nobody; of several live runs with one hash one keeps it,
        -- and whoever enqueues the same joins that one.
        select
            l.result_id,
            l.workflow_id is null and l.parent_id is null and l.wait_count = 0
            and length(l.spec_hash) = 64
            and row_number() over (
                partition by l.spec_hash
                order by l.workflow_id is null and l.parent_id is null and l.wait_count = 0 desc,
                    l.status = 'RUNNING' desc, l.result_id
            ) = 1 as dedups
        from task_runs l
        where l.status in ('READY', 'RUNNING', 'WAITING')
    ) k
    where r.result_id = k.result_id;
end
$records$;
