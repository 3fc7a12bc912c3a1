-- What the files of this folder share: each includes it after its plan, and its rollback takes it
-- away again. A clock that stands still until a test moves it, and short names for what tests look
-- at. Runs are told apart by their only argument, a name.

set local time zone 'UTC';

-- Ids that do not fit an integer, so that psql's variables read as what they are.
alter sequence task_runs_result_id_seq restart with 5000000001;

-- What earlier files have rolled back counts as dead tickets: enough of them turn the ring, and a
-- tick that finds some truncates and does nothing else.
truncate reproq_ready;
delete from reproq_ring;
do $$
begin
    perform pg_stat_reset_single_table_counters(p.part)
    from unnest('{reproq_ready_0, reproq_ready_1, reproq_ready_2}'::regclass[]) p (part);
end;
$$;

-- Far enough from the start of the server that a reclaim need not wait for it.
create temp table test_clock as select timestamptz '2100-01-01 12:00:00+00' as now;

create or replace function _reproq_now()
returns timestamptz
language sql
volatile
as 'select c.now from pg_temp.test_clock c';

create function advance(step interval)
returns void
language sql
volatile
as 'update pg_temp.test_clock set now = now + step';

create function enqueue(name text, options jsonb default '{}')
returns bigint
language sql
volatile
as $$
    select e.result_id
    from reproq_enqueue_many(jsonb_build_array(
        jsonb_build_object('task_path', 'shop.tasks.work', 'args', jsonb_build_array(name)) || options
    )) e;
$$;

-- The names of the runs that a claim returns, in its order.
create function claims(
    max_tasks integer default 1,
    queues text[] default '{default}',
    worker_id text default 'w1'
)
returns text
language sql
volatile
as $$
    select coalesce(string_agg(c.spec_json #>> '{args,0}', ' ' order by c.place), '')
    from reproq_claim(claims.worker_id, claims.queues, claims.max_tasks) with ordinality c (
        result_id, lease_no, attempt, task_path, queue_name, spec_json, timeout_seconds,
        max_attempts, priority, backend_alias, run_after, enqueued_at, started_at,
        last_attempted_at, leased_until, worker_ids, metadata_json, errors_json,
        traceparent, place
    );
$$;

-- A run that worker w1 has claimed, with lease 1: its priority brings it to the head of the line.
create function started(name text, options jsonb default '{}')
returns bigint
language plpgsql
volatile
as $$
declare
    v_id bigint := enqueue(name, '{"priority": 1000}' || options);
begin
    if claims(1, array[coalesce(options ->> 'queue', 'default')]) <> name then
        raise exception 'run % was not claimed', name;
    end if;
    return v_id;
end;
$$;

create function run(id bigint)
returns task_runs
language sql
volatile
as 'select r from task_runs r where r.result_id = id';

-- The tickets that a run holds: ready, scheduled, blocked, lease or none; two of a kind show twice.
create function tickets_of(id bigint)
returns text
language sql
volatile
as $$
    select coalesce(string_agg(t.kind, ' ' order by t.kind), 'none')
    from (
        select 'ready' as kind, result_id from reproq_ready
        union all select 'scheduled', result_id from reproq_scheduled
        union all select 'blocked', result_id from reproq_blocked
        union all select 'lease', result_id from reproq_leases
    ) t
    where t.result_id = id;
$$;

create function in_words(id bigint)
returns text
language sql
volatile
as $$ select (run(id)).status || ' with ' || tickets_of(id) $$;
