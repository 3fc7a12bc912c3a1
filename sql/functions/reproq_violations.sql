create or replace function reproq_violations()
returns table (invariant text, subject text)
language plpgsql
volatile
set search_path from current
set jit = off
as $$
#variable_conflict use_column
begin
    -- One statement is one snapshot is one instant.
    return query
    with ticket (kind, status, result_id) as (
        select 'scheduled', 'SCHEDULED', t.result_id from reproq_scheduled t
        union all select 'blocked', 'BLOCKED', t.result_id from reproq_blocked t
        union all select 'ready', 'READY', t.result_id from reproq_ready t
        union all select 'lease', 'RUNNING', t.result_id from reproq_leases t
    ),

    live as (
        select r.*
        from task_runs r
        where r.finished_at is null
    ),

    unfinished as (
        select e.result_id, count(*) filter (where p.finished_at is null) as pending,
            count(*) filter (where p.status in ('FAILED', 'CANCELLED')) as broken
        from reproq_edges e
        left join task_runs p on p.result_id = e.waits_for
        group by e.result_id
    ),

    held (gate, running) as (
        select 'lock:' || l.lock_key, count(*)
        from reproq_leases l
        where l.lock_key is not null
        group by l.lock_key
        union all
        select 'key:' || l.concurrency_key, count(*)
        from reproq_leases l where l.concurrency_key is not null group by 1
    )

    select 'I9 a live run holds exactly one ticket of its kind',
        format('run %s is %s and holds %s', r.result_id, r.status,
            coalesce(
                (select string_agg(t.kind, ', ') from ticket t where t.result_id = r.result_id),
                'none'
            ))
    from live r
    left join (
        select t.result_id, count(*) as tickets, min(t.status) as status
        from ticket t group by t.result_id
    ) t on t.result_id = r.result_id
    where case
        when r.status = 'WAITING' then coalesce(t.tickets, 0) <> 0
        else coalesce(t.tickets, 0) <> 1 or t.status <> r.status
    end
    union all
    select 'I9 a finished run holds no ticket',
        format('run %s is %s and holds a %s ticket', r.result_id, r.status, t.kind)
    from ticket t inner join task_runs r on r.result_id = t.result_id
    where r.finished_at is not null
    union all
    select 'I53 a ticket belongs to a record', format('%s ticket of run %s', t.kind, t.result_id)
    from ticket t
    where not exists (select 1 from task_runs r where r.result_id = t.result_id)
    union all
    select 'I53 an edge belongs to two records',
        format('edge from run %s to run %s', e.result_id, e.waits_for)
    from reproq_edges e
    where not exists (select 1 from task_runs r where r.result_id = e.result_id)
        or not exists (select 1 from task_runs r where r.result_id = e.waits_for)
    union all
    select 'I9 a ticket stands where its record says', format('ready ticket of run %s', t.result_id)
    from reproq_ready t inner join task_runs r on r.result_id = t.result_id
    where (t.queue_name, t.claim_order) is distinct from (r.queue_name, r.claim_order)
    union all
    select 'I10 the lease bears the number of its record',
        format('run %s: lease %s, record %s', r.result_id, l.lease_no, r.lease_no)
    from reproq_leases l inner join task_runs r on r.result_id = l.result_id
    where l.lease_no <> r.lease_no or l.worker_id is distinct from r.leased_by
    union all
    select 'I15 attempts and lost leases stay in bounds', format(
        'run %s: %s of %s attempts, %s of %s lost leases',
        r.result_id, r.attempts, r.max_attempts, r.lease_losses, r.max_lease_losses
    )
    from live r
    where r.attempts > r.max_attempts or r.lease_losses > r.max_lease_losses
    union all
    select 'I16 no more runs of a key than the widest limit',
        format('key %s: %s running', l.concurrency_key, count(*))
    from reproq_leases l
    where l.concurrency_key is not null
    group by l.concurrency_key
    having count(*) > max(l.concurrency_limit)
    union all
    select 'I27 a WAITING run waits for an unfinished one', format('run %s', r.result_id)
    from live r left join unfinished u on u.result_id = r.result_id
    where r.status = 'WAITING' and (coalesce(u.pending, 0) = 0 or u.broken > 0)
    union all
    select 'I51 a gate with a free place has somebody awake',
        format('gate %s, queue %s', b.gate, b.queue_name)
    from (
        select p.gate, p.queue_name, max(p.concurrency_limit) as room
        from reproq_blocked p
        group by p.gate, p.queue_name
    ) b
    left join held h on h.gate = b.gate
    where coalesce(h.running, 0) < b.room
        and not exists (
            select 1 from reproq_ready t
            where t.queue_name = b.queue_name
                and ('lock:' || t.lock_key = b.gate or 'key:' || t.concurrency_key = b.gate)
        );
end;
$$;

comment on function reproq_violations() is
'Every invariant that SQL can see and that is broken just now; empty when all is well. Scans the records: for tests, chaos runs and the doctor.';
