create or replace function reproq_retry_failed(
    queue text default null,
    max_tasks integer default 1000,
    failed_before timestamptz default null,
    task_path text default null
)
returns table (result_id bigint, status text)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
#variable_conflict use_column
declare
    v_ids bigint[];
    v_id bigint;
    v_started bigint[] := '{}';
    v_now timestamptz := _reproq_now();
begin
    perform _reproq_require_read_committed();
    if max_tasks is null or max_tasks not between 1 and 10000 then
        perform _reproq_refuse('max_tasks', 'must be between 1 and 10000');
    end if;
    -- Those that would be refused neither stop the others nor come up again in every batch.
    v_ids := array(
        select r.result_id
        from task_runs r
        where r.failed_at <= coalesce(reproq_retry_failed.failed_before, v_now)
            and r.status = 'FAILED'
            and (reproq_retry_failed.queue is null or r.queue_name = reproq_retry_failed.queue)
            and (
                reproq_retry_failed.task_path is null
                or r.task_path = reproq_retry_failed.task_path
            )
            and _reproq_retriable(r)
        order by r.failed_at, r.result_id
        limit max_tasks
    );
    perform _reproq_lock_for_retry(v_ids);
    -- Another operator may have been quicker. Of equal runs one can be live: the last to fail.
    v_ids := array(
        select distinct on (t.twins) t.result_id
        from (
            select
                r.result_id, r.failed_at,
                case when r.dedup then r.spec_hash else r.result_id::text end as twins
            from task_runs r
            where r.result_id = any(v_ids) and r.status = 'FAILED' and _reproq_retriable(r)
        ) t
        order by t.twins, t.failed_at desc, t.result_id desc
    );
    begin
        v_started := array(select s.result_id from _reproq_start_anew(v_ids) s);
    exception when unique_violation then
        -- Somebody is just now enqueuing an equal one: that one is left out.
        foreach v_id in array v_ids loop
            begin
                v_started := v_started || array(
                    select s.result_id from _reproq_start_anew(array[v_id]) s
                );
            exception when unique_violation then
                raise notice 'reproq: run % has a live twin', v_id using errcode = 'RQ103';
            end;
        end loop;
    end;
    return query
    select r.result_id, r.status
    from task_runs r
    where r.result_id = any(v_started)
    order by r.result_id;
end;
$$;

comment on function reproq_retry_failed(text, integer, timestamptz, text) is
'Give up to max_tasks FAILED runs of a queue, of a task or of all a new start, as reproq_retry does, those first that failed first; what they and the runs that wait for them have become. Runs with a live twin and those behind one that has not succeeded are left as they are (reproq_failed_runs names both). Call it again until it returns no row, with failed_before the time of the first call, so that what fails again is not retried for ever. Errors: 22023, 25000.';
