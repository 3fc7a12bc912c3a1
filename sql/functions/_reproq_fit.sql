create or replace function _reproq_fit(
    tickets reproq_ready[],
    rated boolean,
    out fit reproq_ready[],
    out buckets text[]
)
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
    v_places bigint[];
begin
    -- Most often all of them, and no bucket.
    if not rated then
        v_places := array(
            select t.place
            from unnest(tickets) with ordinality t (
                ring, concurrency_limit, claim_order, result_id, queue_name, lock_key,
                concurrency_key, place
            )
            inner join task_runs r on r.result_id = any(array[t.result_id])
            where r.status = 'READY' and (r.expires_at is null or r.expires_at > v_now)
            order by t.place
        );
        fit := case
            when cardinality(v_places) = cardinality(tickets) then tickets
            else array(select tickets[p.place] from unnest(v_places) p (place))
        end;
        buckets := array_fill(null::text, array[cardinality(fit)]);
        return;
    end if;

    with run as materialized (
        select t.ticket, t.place, r.task_path, r.queue_name
        from (
            select u as ticket, row_number() over () as place
            from unnest(tickets) u
        ) t
        inner join task_runs r on r.result_id = any(array[(t.ticket).result_id])
        where r.status = 'READY' and (r.expires_at is null or r.expires_at > v_now)
    ),

    -- Once for all runs of a task.
    bucket as materialized (
        select p.task_path, _reproq_bucket(p.task_path, p.queue_name) as key
        from (select distinct r.task_path, r.queue_name from run r) p
    )

    select
        coalesce(array_agg(r.ticket order by r.place), '{}'),
        coalesce(array_agg(b.key order by r.place), '{}')
    into fit, buckets
    from run r
    left join bucket b on b.task_path = r.task_path;
end;
$$;

comment on function _reproq_fit(reproq_ready[], boolean) is
'Of tickets of one queue in line order those whose runs may start, READY and not too old, and the token bucket of each (null where rated is false).';
