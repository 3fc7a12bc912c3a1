create or replace function reproq_prune(
    statuses text[],
    older_than interval,
    max_tasks integer default 1000
)
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_now timestamptz := _reproq_now();
begin
    perform _reproq_require_read_committed();
    if statuses is null or not statuses <@ array['SUCCESSFUL', 'FAILED', 'CANCELLED'] then
        perform _reproq_refuse('statuses', 'must be of SUCCESSFUL, FAILED and CANCELLED');
    end if;
    if older_than is null or older_than not between interval '0' and interval '1000 years' then
        perform _reproq_refuse('older_than', 'must be between 0 and 1000 years');
    end if;
    if max_tasks is null or max_tasks not between 1 and 100000 then
        perform _reproq_refuse('max_tasks', 'must be between 1 and 100000');
    end if;
    return _reproq_delete_runs(array(
        select r.result_id
        from task_runs r
        where r.finished_at <= v_now - older_than and r.status = any(statuses)
        order by r.finished_at, r.result_id
        limit max_tasks
    ));
end;
$$;

comment on function reproq_prune(text[], interval, integer) is
'Delete up to max_tasks runs that finished in one of these statuses longer ago than older_than, oldest first; how many. Call it again while it returns max_tasks. Errors: 22023, 25000.';
