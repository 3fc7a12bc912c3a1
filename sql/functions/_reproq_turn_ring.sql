create or replace function _reproq_turn_ring()
returns integer
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
#variable_conflict use_column
declare
    v_ring reproq_ring;
    v_next smallint;
    v_kept smallint;
    v_moved integer;
begin
    -- One ticker at a time turns the ring; the others need not wait.
    if not pg_try_advisory_xact_lock(hashtextextended('reproq ring', 0)) then
        return 0;
    end if;
    select g.* into v_ring from reproq_ring g;
    v_ring.current := coalesce(v_ring.current, 0);
    if not coalesce(v_ring.rotate, true) then
        return 0;
    end if;

    -- Dead tickets in the current partition are in the way of each claim.
    select n.part into v_next
    from _reproq_ring_parts() c
    inner join _reproq_ring_parts() n on n.part <> c.part and n.bytes = 0
    where c.part = v_ring.current and c.dead > 5000
    order by (n.part - c.part + 3) % 3
    limit 1;
    if v_next is not null then
        insert into reproq_ring (current) values (v_next)
        on conflict (only_row) do update set current = excluded.current;
        v_ring.current := v_next;
    end if;

    -- A backlog that stands still (a paused queue, a low priority) stays where it is, in one of the
    -- old partitions: the other two turn without it. Moving it at each turn would cost more than
    -- the claims, and a claim reads past nothing there.
    select p.part into v_kept
    from _reproq_ring_parts() p
    where p.part <> v_ring.current and p.live > greatest(p.dead, 5000)
    order by p.live desc, p.part
    limit 1;

    -- What else is left behind moves on, so that its partition can be truncated.
    with left_behind as (
        select l.queue_name, l.claim_order, l.result_id, l.ring
        from reproq_ready l
        where l.ring = any(array[(v_ring.current + 1) % 3, (v_ring.current + 2) % 3])
            and l.ring is distinct from v_kept
        limit 10000
        for update skip locked
    ),

    taken as (
        delete from reproq_ready d
        using left_behind b
        where d.queue_name = any(array[b.queue_name])
            and d.claim_order = b.claim_order
            and d.result_id = b.result_id
            and d.ring = b.ring
        returning d.*
    )

    insert into reproq_ready (
        ring, queue_name, claim_order, result_id, lock_key, concurrency_key, concurrency_limit
    )
    select
        coalesce(v_kept, v_ring.current), t.queue_name, t.claim_order, t.result_id, t.lock_key,
        t.concurrency_key, t.concurrency_limit
    from taken t
    on conflict do nothing;
    get diagnostics v_moved = row_count;
    return v_moved;
end;
$$;

comment on function _reproq_turn_ring() is
'Make an empty partition of the line current when dead tickets weigh the present one down, and move up to 10000 tickets on from old ones, but for the one that holds a backlog; how many.';
