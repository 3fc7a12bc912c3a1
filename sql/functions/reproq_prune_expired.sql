create or replace function reproq_prune_expired(
    max_tasks integer default 1000,
    dry_run boolean default false
)
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    v_now timestamptz := _reproq_now();
    v_due bigint[];
begin
    perform _reproq_require_read_committed();
    perform _reproq_check_prune(max_tasks, dry_run);
    v_due := array(
        (
            select r.result_id
            from task_runs r
            where r.expires_at <= v_now and r.finished_at is null and r.status <> 'RUNNING'
            order by r.expires_at
            limit max_tasks
        )
        union all
        (
            select r.result_id
            from task_runs r
            where r.finished_at is not null
                and r.expires_at <= v_now
                and not _reproq_is_needed(r.result_id)
            order by r.finished_at, r.result_id
            limit max_tasks
        )
        limit max_tasks
    );
    if dry_run then
        return cardinality(v_due);
    end if;
    -- Who still waits ends as it would by the tick: dependants and gates hear of it.
    perform _reproq_expire(array(
        select r.result_id from task_runs r where r.result_id = any(v_due) and r.finished_at is null
    ));
    return _reproq_delete_runs(v_due);
end;
$$;

comment on function reproq_prune_expired(integer, boolean) is
'Delete up to max_tasks runs whose time to expire has passed, those that finished before it as well as those that nobody picked up, but no RUNNING one; how many. Call it again while it returns max_tasks. dry_run only counts, all of them where max_tasks is null. Errors: 22023, 25000.';
