create or replace function reproq_delete(
    result_ids bigint[],
    statuses text[] default '{SUCCESSFUL,FAILED,CANCELLED}'
)
returns integer
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
begin
    perform _reproq_require_read_committed();
    if result_ids is null or cardinality(result_ids) > 10000 then
        perform _reproq_refuse('result_ids', 'must be an array of at most 10000 ids');
    end if;
    if statuses is null or not statuses <@ array['SUCCESSFUL', 'FAILED', 'CANCELLED'] then
        perform _reproq_refuse('statuses', 'must be of SUCCESSFUL, FAILED and CANCELLED');
    end if;
    return _reproq_delete_runs(array(
        select r.result_id
        from task_runs r
        where r.result_id = any(reproq_delete.result_ids)
            and r.finished_at is not null
            and r.status = any(reproq_delete.statuses)
    ));
end;
$$;

comment on function reproq_delete(bigint[], text[]) is
'Delete those of these runs that are finished, in one of these statuses; how many. Runs whose results a waiting run needs stay, and those that a foreign key holds (NOTICE RQ102). Errors: 22023, 25000.';
