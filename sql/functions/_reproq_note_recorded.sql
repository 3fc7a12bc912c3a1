create or replace function _reproq_note_recorded(outcomes jsonb)
returns table (result_id bigint, lease_no bigint)
language sql
volatile
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
    -- The lease is gone with the completion; its number on the finished record is the fence.
    update task_runs r
    set logs_uri = coalesce(o.logs_uri, r.logs_uri)
    from jsonb_to_recordset(outcomes) o (
        result_id bigint, lease_no bigint, outcome text, logs_uri text
    )
    where o.outcome = 'recorded'
        and r.result_id = any(array[o.result_id])
        and r.lease_no = o.lease_no
        and r.finished_at is not null
    returning r.result_id, r.lease_no;
$$;

comment on function _reproq_note_recorded(jsonb) is
'Add logs_uri to the runs that were completed under the lease that their recorded outcome names; those found are returned.';
