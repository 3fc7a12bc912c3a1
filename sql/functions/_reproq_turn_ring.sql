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
    v_old smallint[];
    v_moved integer;
    v_dead bigint;
    v_live bigint;
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

    -- Turning pays when far more dead tickets than live ones are in a claim's way: then it moves
    -- one for four that were claimed, and a large backlog that stands still is left alone.
    select pg_stat_get_dead_tuples(t.part), pg_stat_get_live_tuples(t.part)
    into v_dead, v_live
    from (select format('reproq_ready_%s', v_ring.current)::regclass as part) t;
    if v_dead > greatest(4 * v_live, 5000) then
        select p.part into v_next
        from unnest(array[0, 1, 2]::smallint[]) p (part)
        where p.part <> v_ring.current and _reproq_ring_bytes(p.part) = 0
        order by (p.part - v_ring.current + 3) % 3
        limit 1;
        if v_next is not null then
            insert into reproq_ring (current) values (v_next)
            on conflict (only_row) do update set current = excluded.current;
            v_ring.current := v_next;
        end if;
    end if;

    v_old := array[(v_ring.current + 1) % 3, (v_ring.current + 2) % 3];

    -- What is left behind in an old partition moves on, so that it can be truncated.
    with left_behind as (
        select l.queue_name, l.claim_order, l.result_id, l.ring
        from reproq_ready l
        where l.ring = any(v_old)
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
        v_ring.current, t.queue_name, t.claim_order, t.result_id, t.lock_key, t.concurrency_key,
        t.concurrency_limit
    from taken t
    on conflict do nothing;
    get diagnostics v_moved = row_count;
    return v_moved;
end;
$$;

comment on function _reproq_turn_ring() is
'Make an empty partition of the line current when dead tickets weigh the present one down, and move up to 10000 tickets on from old ones; how many.';
