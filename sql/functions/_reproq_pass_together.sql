create or replace function _reproq_pass_together(
    tickets reproq_ready[],
    max_gates integer,
    out passed reproq_ready[],
    out gates text[],
    out taken bigint[],
    out foreign_gates text[],
    out locked integer,
    out left_out boolean,
    out empty boolean
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
    v_lock_keys text[];
    v_concurrency_keys text[];
    v_wishes bigint[];
    v_limits integer[];
    v_room boolean;
begin
    with gate as materialized (
        select
            g.gate, g.lock_key, g.concurrency_key, count(*) as wishes, min(g.places) as places,
            row_number() over (order by min(t.place), g.gate) as nth
        from unnest(tickets) with ordinality t (
            ring, concurrency_limit, claim_order, result_id, queue_name, lock_key, concurrency_key,
            place
        )
        cross join lateral (
            values
            ('lock:' || t.lock_key, t.lock_key, null, 1),
            ('key:' || t.concurrency_key, null, t.concurrency_key, t.concurrency_limit)
        ) g (gate, lock_key, concurrency_key, places)
        where g.gate is not null
        group by g.gate, g.lock_key, g.concurrency_key
    ),

    asked as materialized (
        select g.*, pg_try_advisory_xact_lock(hashtextextended(g.gate, 0)) as is_held
        from gate g
        where g.nth <= max_gates
    )

    select
        coalesce(array_agg(a.gate) filter (where a.is_held), '{}'),
        array_agg(a.lock_key) filter (where a.is_held),
        array_agg(a.concurrency_key) filter (where a.is_held),
        array_agg(a.wishes) filter (where a.is_held),
        array_agg(a.places) filter (where a.is_held),
        coalesce(array_agg(a.gate) filter (where not a.is_held), '{}'),
        (select count(*) from gate g) > max_gates
    into
        gates, v_lock_keys, v_concurrency_keys, v_wishes, v_limits, foreign_gates, left_out
    from asked a;
    locked := cardinality(gates);

    -- The count in the next statement, whose snapshot is younger than the locks.
    select
        coalesce(array_agg(n.taken order by n.nth), '{}'),
        coalesce(bool_and(n.taken + n.wishes <= n.places), true),
        coalesce(bool_and(n.taken = 0), true)
    into taken, v_room, empty
    from (
        select
            w.wishes, w.places, w.nth,
            case
                when w.lock_key is not null then (
                    select count(*) from reproq_leases l where l.lock_key = any(array[w.lock_key])
                )
                else (
                    select count(*)
                    from reproq_leases l
                    where l.concurrency_key = any(array[w.concurrency_key])
                )
            end as taken
        from unnest(v_lock_keys, v_concurrency_keys, v_wishes, v_limits) with ordinality
        w (lock_key, concurrency_key, wishes, places, nth)
        offset 0
    ) n;
    passed := case
        when not v_room then null
        when foreign_gates = '{}' and not left_out then tickets
        else array(
            select u
            from unnest(tickets) u
            where (u.lock_key is null or 'lock:' || u.lock_key = any(gates))
                and (u.concurrency_key is null or 'key:' || u.concurrency_key = any(gates))
        )
    end;
end;
$$;

comment on function _reproq_pass_together(reproq_ready[], integer) is
'Take the gates of tickets in line order, up to max_gates: those whose gates are all held pass when each gate has room for all of them at once; else passed is null, and taken says how full each of gates is; empty where nobody is at any of them.';
