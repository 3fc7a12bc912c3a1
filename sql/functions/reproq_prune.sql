create or replace function reproq_prune(
    statuses text[],
    older_than interval,
    max_tasks integer default 1000,
    field text default 'finished_at',
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
    v_before timestamptz;
    v_due bigint[];
    v_after_at timestamptz := '-infinity';
    v_after_id bigint := 0;
    v_count integer := 0;
begin
    perform _reproq_require_read_committed();
    if statuses is null or not statuses <@ array['SUCCESSFUL', 'FAILED', 'CANCELLED'] then
        perform _reproq_refuse('statuses', 'must be of SUCCESSFUL, FAILED and CANCELLED');
    end if;
    if older_than is null or older_than not between interval '0' and interval '1000 years' then
        perform _reproq_refuse('older_than', 'must be between 0 and 1000 years');
    end if;
    if field is null or field not in ('finished_at', 'updated_at', 'enqueued_at', 'started_at') then
        perform _reproq_refuse(
            'field', 'must be finished_at, updated_at, enqueued_at or started_at'
        );
    end if;
    perform _reproq_check_prune(max_tasks, dry_run);
    v_before := _reproq_now() - older_than;
    -- Those that a foreign key holds must not hide the ones behind them, nor make this endless.
    for v_round in 1..10 loop
        -- None of the other times is later than the end, bar updated_at: the index over the ends
        -- serves them all.
        v_due := array(
            select r.result_id
            from task_runs r
            where r.finished_at is not null
                and (r.finished_at, r.result_id) > (v_after_at, v_after_id)
                and (field <> 'finished_at' or r.finished_at <= v_before)
                and case field
                    when 'updated_at' then r.updated_at
                    when 'enqueued_at' then r.enqueued_at
                    when 'started_at' then r.started_at
                    else r.finished_at
                end <= v_before
                and r.status = any(statuses)
                and not _reproq_is_needed(r.result_id)
            order by r.finished_at, r.result_id
            limit max_tasks - v_count
        );
        if dry_run then
            return cardinality(v_due);
        end if;
        exit when v_due = '{}';
        select r.finished_at, r.result_id into v_after_at, v_after_id
        from task_runs r
        where r.result_id = v_due[cardinality(v_due)];
        v_count := v_count + _reproq_delete_runs(v_due);
        exit when v_count >= max_tasks;
    end loop;
    return v_count;
end;
$$;

comment on function reproq_prune(text[], interval, integer, text, boolean) is
'Delete up to max_tasks finished runs in one of these statuses whose finished_at (or updated_at, enqueued_at, started_at: field) lies longer back than older_than, oldest end first; how many. Runs whose results a waiting run needs stay, and those that a foreign key holds. Call it again while it returns max_tasks. dry_run only counts, all of them where max_tasks is null. Errors: 22023, 25000.';
