create or replace function _reproq_pass_together(
    tickets reproq_ready[],
    max_gates integer,
    out passed reproq_ready[],
    out taken jsonb,
    out foreign_gates text[],
    out locked integer,
    out left_out boolean
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
    v_held text[];
    v_room boolean;
begin
    with gate as materialized (
        select g.gate, row_number() over (order by min(t.place), g.gate) as place
        from unnest(tickets) with ordinality t (
            ring, concurrency_limit, claim_order, result_id, queue_name, lock_key, concurrency_key,
            place
        )
        cross join lateral (
            values ('lock:' || t.lock_key), ('key:' || t.concurrency_key)
        ) g (gate)
        where g.gate is not null
        group by g.gate
    ),

    asked as materialized (
        select g.gate, pg_try_advisory_xact_lock(hashtextextended(g.gate, 0)) as is_held
        from gate g
        where g.place <= max_gates
    )

    select
        coalesce(array_agg(a.gate) filter (where a.is_held), '{}'),
        coalesce(array_agg(a.gate) filter (where not a.is_held), '{}'),
        (select count(*) from gate g) > max_gates
    into v_held, foreign_gates, left_out
    from asked a;
    locked := cardinality(v_held);

    -- The count in the next statement, whose snapshot is younger than the locks.
    with ticket as materialized (
        select u as ticket, row_number() over () as place
        from unnest(tickets) u
        where (u.lock_key is null or 'lock:' || u.lock_key = any(v_held))
            and (u.concurrency_key is null or 'key:' || u.concurrency_key = any(v_held))
    ),

    wish as materialized (
        select
            g.lock_key, g.concurrency_key, count(*) as wishes, min(g.places) as places,
            coalesce('lock:' || g.lock_key, 'key:' || g.concurrency_key) as gate
        from ticket t
        cross join lateral (
            values
            ((t.ticket).lock_key, null, 1),
            (null, (t.ticket).concurrency_key, (t.ticket).concurrency_limit)
        ) g (lock_key, concurrency_key, places)
        where num_nonnulls(g.lock_key, g.concurrency_key) = 1
        group by g.lock_key, g.concurrency_key
    )

    select
        coalesce(jsonb_object_agg(n.gate, n.taken), '{}'), bool_and(n.taken + n.wishes <= n.places),
        (select array_agg(t.ticket order by t.place) from ticket t)
    into taken, v_room, passed
    from (
        select
            w.gate, w.wishes, w.places,
            (select count(*) from reproq_leases l where l.lock_key = any(array[w.lock_key]))
            + (
                select count(*)
                from reproq_leases l
                where l.concurrency_key = any(array[w.concurrency_key])
            ) as taken
        from wish w
        offset 0
    ) n;
    passed := case when v_room is not false then coalesce(passed, '{}') end;
end;
$$;

comment on function _reproq_pass_together(reproq_ready[], integer) is
'Take the gates of tickets in line order, up to max_gates: those whose gates are all held pass when each gate has room for all of them at once; else passed is null, and taken says how full each is.';
