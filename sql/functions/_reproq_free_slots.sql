create or replace function _reproq_free_slots(concurrency_keys text[])
returns integer[]
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
begin
    return array(
        with wish as materialized (
            select k.concurrency_key, k.place
            from unnest(concurrency_keys) with ordinality k (concurrency_key, place)
        ),

        -- As many numbers as there are leases and wishes hold a free one for each wish.
        free as materialized (
            select
                w.concurrency_key, w.wishes, s.slot,
                row_number() over (partition by w.concurrency_key order by s.slot) as nth
            from (
                select w.concurrency_key, count(*) as wishes
                from wish w
                where w.concurrency_key is not null
                group by w.concurrency_key
            ) w
            cross join lateral generate_series(
                1,
                w.wishes + (
                    select count(*)
                    from reproq_leases l
                    where l.concurrency_key = any(array[w.concurrency_key])
                )
            ) s (slot)
            where not exists (
                select 1
                from reproq_leases l
                where l.concurrency_key = any(array[w.concurrency_key]) and l.slot = s.slot
            )
        )

        -- Wishes and slots in the same order pair off by number: a join of the two would compare
        -- each with each.
        select p.slots[p.nth]::integer
        from (
            select
                w.place, row_number() over (order by w.concurrency_key, w.place) as nth,
                (
                    select array_agg(f.slot order by f.concurrency_key, f.slot)
                    from free f
                    where f.nth <= f.wishes
                ) as slots
            from wish w
        ) p
        order by p.place
    );
end;
$$;

comment on function _reproq_free_slots(text[]) is
'For each concurrency key of a list, in its order, the lowest slot that neither a RUNNING run nor an earlier mention has; null for null. Ask under the keys'' advisory locks.';
