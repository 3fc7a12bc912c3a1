create or replace function _reproq_fit(tickets reproq_ready[])
returns reproq_ready[]
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
    v_now timestamptz := _reproq_now();
begin
    return array(
        select t.ticket
        from (
            select u as ticket, row_number() over () as place
            from unnest(tickets) u
        ) t
        inner join task_runs r on r.result_id = any(array[(t.ticket).result_id])
        where r.status = 'READY' and (r.live_expires_at is null or r.live_expires_at > v_now)
        order by t.place
    );
end;
$$;

comment on function _reproq_fit(reproq_ready[]) is
'Of tickets in line order those whose runs may start: READY and not too old.';
