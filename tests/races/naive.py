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
