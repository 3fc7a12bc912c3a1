create or replace function _reproq_broken_leases()
returns table (invariant text, subject text)
language plpgsql
-- Stable, so that it looks at what the statement that asks looks at.
stable
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    return query
    select 'I10 the lease bears the number of its record',
        format('run %s: lease %s, record %s', r.result_id, l.lease_no, r.lease_no)
    from reproq_leases l inner join task_runs r on r.result_id = l.result_id
    where l.lease_no <> r.lease_no or l.worker_id is distinct from r.leased_by
    union all
    -- A run that came in as RUNNING while somebody held its lock has a lease without one; one that
    -- was claimed has not.
    select 'I17 a lease holds the lock and the slot of its run', format(
        'run %s holds lock %s, slot %s of %s of key %s', r.result_id, coalesce(l.lock_key, '-'),
        coalesce(l.slot::text, '-'), l.concurrency_limit, coalesce(l.concurrency_key, '-')
    )
    from reproq_leases l
    inner join task_runs r on r.result_id = l.result_id
    cross join lateral (
        select case when r.concurrency_limit > 0 then r.concurrency_key end as concurrency_key
    ) k
    where r.status = 'RUNNING' and (
        l.lock_key <> r.lock_key
        or l.lock_key is not null and r.lock_key is null
        or l.lock_key is null and jsonb_array_length(r.worker_ids) = r.lease_no and not exists (
            select 1 from reproq_leases o where o.lock_key = r.lock_key
        ) and r.lock_key is not null
        or l.concurrency_key is distinct from k.concurrency_key
        or k.concurrency_key is not null
        and l.concurrency_limit <> greatest(l.slot, r.concurrency_limit)
    )
    union all
    select 'I16 no more runs of a key than the widest limit',
        format('key %s: %s running', l.concurrency_key, count(*))
    from reproq_leases l
    where l.concurrency_key is not null
    group by l.concurrency_key
    having count(*) > max(l.concurrency_limit);
end;
$$;

comment on function _reproq_broken_leases() is
'What reproq_violations() reports of leases: that each bears the number, the lock and the slot of its run, and that no key has too many.';
