create or replace function _reproq_answer_outcomes(
    outcomes jsonb,
    accepted_ids bigint[],
    accepted_lease_nos bigint[]
)
returns table (
    result_id bigint,
    lease_no bigint,
    accepted boolean,
    status text,
    run_after timestamptz
)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select
        p.result_id, p.lease_no,
        -- (Here, not in a join: so they are looked up in a hash.)
        (p.result_id, p.lease_no) in (
            select a.result_id, a.lease_no
            from unnest(accepted_ids, accepted_lease_nos) a (result_id, lease_no)
        )
        and row_number() over (partition by p.result_id, p.lease_no order by p.place) = 1,
        r.status,
        -- One that was given back keeps its time, which is over: it may run since it was settled.
        case when r.status in ('READY', 'SCHEDULED') then greatest(r.run_after, r.updated_at) end
    from rows from (
        jsonb_to_recordset(outcomes) as (result_id bigint, lease_no bigint)
    ) with ordinality p (result_id, lease_no, place)
    left join task_runs r on r.result_id = any(array[p.result_id])
    order by p.place;
end;
$$;

comment on function _reproq_answer_outcomes(jsonb, bigint[], bigint[]) is
'What reproq_finish answers: each outcome in input order, whether it was accepted, the status of its run now, and when that may run next.';
