create or replace function reproq_replay_spec(spec_hash text)
returns bigint
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
    v_id bigint;
begin
    -- From the newest record back: an index over the hashes would cost every enqueue for the sake
    -- of a question that is asked by hand.
    select r.result_id into v_id
    from task_runs r
    where r.spec_hash = reproq_replay_spec.spec_hash::char(64)
    order by r.result_id desc
    limit 1;
    if v_id is null then
        raise exception 'there is no run with spec_hash %', coalesce(left(spec_hash, 64), 'NULL')
        using errcode = 'RQ002', hint = 'It was deleted, or never enqueued.';
    end if;
    return reproq_replay(v_id);
end;
$$;

comment on function reproq_replay_spec(text) is
'Enqueue a new run of the newest run with this spec_hash, as reproq_replay does; its id. Reads records from the newest back until it has found it. Errors: RQ002 no such run.';
