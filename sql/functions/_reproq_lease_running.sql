create or replace function _reproq_lease_running(result_ids bigint[])
returns void
language plpgsql
volatile
set search_path from current
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
    -- A claim that counts places at the same time must leave these gates alone until it can see
    -- what is taken here: it would wait for this transaction and fail on the same place.
    perform pg_advisory_xact_lock(hashtextextended(g.gate, 0))
    from (
        select distinct k.gate
        from task_runs r
        cross join lateral (
            values
            ('lock:' || r.lock_key),
            (case when r.concurrency_limit > 0 then 'key:' || r.concurrency_key end)
        ) k (gate)
        where r.result_id = any(_reproq_lease_running.result_ids)
            and r.status = 'RUNNING'
            and k.gate is not null
        order by k.gate
    ) g;

    -- They run already, whatever their limits say: the slot is the next one after those in use, and
    -- a lock that somebody else holds stays with that one.
    insert into reproq_leases (
        result_id, lease_no, worker_id, leased_until, lease_length,
        lock_key, concurrency_key, slot, concurrency_limit
    )
    select
        c.result_id, c.lease_no, c.leased_by, c.leased_until, interval '5 minutes',
        c.lock_key, c.keyed, c.slot, greatest(c.slot, c.concurrency_limit)
    from (
        select
            r.result_id, r.lease_no, r.leased_by, r.leased_until, r.concurrency_limit, k.keyed,
            case
                when row_number() over (partition by r.lock_key order by r.result_id) = 1
                    and not exists (
                        select 1 from reproq_leases l where l.lock_key = r.lock_key
                    )
                    then r.lock_key
            end as lock_key,
            case when k.keyed is not null then
                coalesce(
                    (select max(l.slot) from reproq_leases l where l.concurrency_key = k.keyed), 0
                )
                + row_number() over (partition by k.keyed order by r.result_id)
            end as slot
        from task_runs r
        cross join lateral (
            select case when r.concurrency_limit > 0 then r.concurrency_key end as keyed
        ) k
        where r.result_id = any(_reproq_lease_running.result_ids) and r.status = 'RUNNING'
    ) c;
end;
$$;

comment on function _reproq_lease_running(bigint[]) is
'Give leases to RUNNING records that no claim has started: of another program, of a copied database, of a repair.';
