create or replace function _reproq_broken_tickets()
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
    with ticket (kind, status, result_id) as (
        select 'scheduled', 'SCHEDULED', t.result_id from reproq_scheduled t
        union all select 'blocked', 'BLOCKED', t.result_id from reproq_blocked t
        union all select 'ready', 'READY', t.result_id from reproq_ready t
        union all select 'lease', 'RUNNING', t.result_id from reproq_leases t
    ),

    held as (
        select t.result_id, count(*) as tickets, min(t.status) as status
        from ticket t
        group by t.result_id
    )

    select 'I9 a live run holds exactly one ticket of its kind',
        format('run %s is %s and holds %s', r.result_id, r.status, coalesce(
            (
                select string_agg(t.kind, ', ' order by t.kind)
                from ticket t
                where t.result_id = r.result_id
            ),
            'none'
        ))
    from task_runs r left join held h on h.result_id = r.result_id
    where r.finished_at is null and case
        when r.status = 'WAITING' then h.tickets is not null
        else h.tickets is distinct from 1 or h.status <> r.status
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
    select 'I9 a ticket stands where its record says', format('ready ticket of run %s', t.result_id)
    from reproq_ready t inner join task_runs r on r.result_id = t.result_id
    where r.status = 'READY' and (
        t.queue_name, t.claim_order, t.lock_key, t.concurrency_key, t.concurrency_limit
    ) is distinct from (
        r.queue_name, r.claim_order, r.lock_key,
        case when r.concurrency_limit > 0 then r.concurrency_key end, r.concurrency_limit
    )
    union all
    select 'I9 a ticket stands where its record says',
        format('blocked ticket of run %s at %s', t.result_id, t.gate)
    from reproq_blocked t inner join task_runs r on r.result_id = t.result_id
    where r.status = 'BLOCKED' and (
        (t.queue_name, t.claim_order) is distinct from (r.queue_name, r.claim_order)
        or not exists (
            select 1
            from (
                values
                ('lock:' || r.lock_key, 1),
                ('key:' || r.concurrency_key, r.concurrency_limit),
                ('rate:task:' || r.task_path, 0),
                ('rate:queue:' || r.queue_name, 0),
                ('rate:global', 0)
            ) o (gate, room)
            where o.gate = t.gate and o.room = t.concurrency_limit
        )
    )
    union all
    select 'I9 a ticket stands where its record says',
        format('scheduled ticket of run %s', t.result_id)
    from reproq_scheduled t inner join task_runs r on r.result_id = t.result_id
    where r.status = 'SCHEDULED' and t.run_after <> r.run_after;
end;
$$;

comment on function _reproq_broken_tickets() is
'What reproq_violations() reports of tickets: that each live run holds the one that its status names, where its record says, and nobody else any.';
