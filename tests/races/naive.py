"""What one writes first: each of these is short, plausible and wrong. The storms must notice."""

# Looks at who runs and starts runs in one statement: two claims at once look at the same places.
CLAIM = """
create or replace function naive_claim(worker_id text, wanted integer)
returns table (result_id bigint, lease_no bigint)
language sql
set search_path = public, pg_temp
as $$
    with next as (
        select r.result_id
        from task_runs r
        where r.status = 'READY'
            and (
                select count(*)
                from task_runs o
                where o.status = 'RUNNING' and o.concurrency_key = r.concurrency_key
            ) < r.concurrency_limit
        order by r.claim_order, r.result_id
        limit wanted
        for update skip locked
    ),
    started as (
        update task_runs r
        set
            status = 'RUNNING', attempts = r.attempts + 1, lease_no = r.lease_no + 1,
            leased_by = worker_id, leased_until = now() + interval '1 minute',
            started_at = clock_timestamp()
        from next n
        where r.result_id = n.result_id
        returning r.result_id, r.lease_no
    ),
    taken as (
        delete from reproq_ready t using started s where t.result_id = s.result_id
    ),
    leased as (
        insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length)
        select s.result_id, s.lease_no, worker_id, now() + interval '1 minute', interval '1 minute'
        from started s
    )
    select s.result_id, s.lease_no from started s
$$
"""

# Reads a bucket without taking it.
BUCKET = """
create or replace function _reproq_take_bucket(bucket text)
returns integer
language sql
as $$ select floor(_reproq_tokens(l))::integer from rate_limits l where l.key = bucket $$
"""

# Counts who is done while others are about to be.
RELEASE = """
create or replace function _reproq_lock_dependants(succeeded bigint[], broken bigint[])
returns void
language sql
as 'select null::void'
"""

# Looks for a twin, finds none, and inserts: so does whoever looked at the same moment.
ENQUEUE = """
create function naive_enqueue(path text)
returns bigint
language sql
as $$
    with twin as (
        select r.result_id from task_runs r
        where r.task_path = path and r.finished_at is null
    ),
    made as (
        insert into task_runs (spec_json, dedup)
        select jsonb_build_object('task_path', path), false
        where not exists (select 1 from twin)
        returning result_id
    )
    select t.result_id from twin t union all select m.result_id from made m
$$
"""

# Takes the record before the ticket, when everybody else takes the ticket first.
CANCEL = """
create function naive_cancel(id bigint)
returns void
language plpgsql
as $$
begin
    perform 1 from task_runs r where r.result_id = id for update;
    perform pg_sleep(0.001);
    perform 1 from reproq_leases l where l.result_id = id for update;
    update task_runs r set cancel_requested = true where r.result_id = id and r.status = 'RUNNING';
end;
$$
"""

# Sees that a slot is due and fires it, as does every other ticker that has seen it.
FIRE = """
create or replace function _reproq_fire_due(max_schedules integer)
returns integer
language plpgsql
as $$
declare
    v_task periodic_tasks;
    v_fired integer := 0;
begin
    for v_task in select t.* from periodic_tasks t where t.next_run_at <= _reproq_now() loop
        perform _reproq_fire(v_task, _reproq_now());
        v_fired := v_fired + 1;
    end loop;
    return v_fired;
end;
$$
"""

# All of that in the place of reproq_claim, for real workers: looks and starts in one statement,
# takes no lock, passes no gate, spends no token, and gives the number 1 to every lease.
WHOLE_CLAIM = """
create or replace function reproq_claim(
    worker_id text,
    queues text[] default '{default}',
    max_tasks integer default 1,
    lease interval default '5 minutes',
    wait interval default '0'
)
returns table (
    result_id bigint, lease_no bigint, attempt integer, task_path text, queue_name text,
    spec_json jsonb, timeout_seconds integer, max_attempts integer, priority integer,
    backend_alias text, run_after timestamptz, enqueued_at timestamptz, started_at timestamptz,
    last_attempted_at timestamptz, leased_until timestamptz, worker_ids jsonb, metadata_json jsonb,
    errors_json jsonb, traceparent text
)
language sql
set search_path = public, pg_temp
as $$
    with next as (
        select r.result_id
        from task_runs r
        where r.status = 'READY'
            and r.queue_name = any(queues)
            and (
                r.concurrency_key is null
                or (
                    select count(*)
                    from task_runs o
                    where o.status = 'RUNNING' and o.concurrency_key = r.concurrency_key
                ) < r.concurrency_limit
            )
        order by r.claim_order, r.result_id
        limit max_tasks
    ),
    started as (
        update task_runs r
        set
            status = 'RUNNING', attempts = r.attempts + 1, lease_no = 1,
            worker_ids = r.worker_ids || to_jsonb(worker_id), leased_by = worker_id,
            leased_until = clock_timestamp() + lease,
            started_at = coalesce(r.started_at, clock_timestamp()),
            last_attempted_at = clock_timestamp()
        from next n
        where r.result_id = n.result_id
        returning r.*
    ),
    taken as (
        delete from reproq_ready t using started s where t.result_id = s.result_id
    ),
    leased as (
        insert into reproq_leases (result_id, lease_no, worker_id, leased_until, lease_length)
        select s.result_id, s.lease_no, worker_id, s.leased_until, lease
        from started s
        on conflict (result_id) do update
        set worker_id = excluded.worker_id, leased_until = excluded.leased_until
    )
    select
        s.result_id, s.lease_no, s.attempts, s.task_path, s.queue_name, s.spec_json,
        s.timeout_seconds, s.max_attempts, s.priority, s.backend_alias, s.run_after, s.enqueued_at,
        s.started_at, s.last_attempted_at, s.leased_until, s.worker_ids, s.metadata_json,
        s.errors_json, s.traceparent
    from started s
$$
"""
