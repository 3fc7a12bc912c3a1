"""The three layouts of the reference implementation, as SQL that makes them empty."""

_SQL = """
create table task_runs (
    result_id bigserial primary key,
    backend_alias text not null default 'default',
    queue_name text not null default 'default',
    priority integer not null default 0,
    run_after timestamptz,
    spec_json jsonb not null,
    spec_hash char(64) not null,
    task_path text,
    status text not null default 'READY',
    enqueued_at timestamptz not null default now(),
    started_at timestamptz,
    last_attempted_at timestamptz,
    finished_at timestamptz,
    attempts integer not null default 0,
    max_attempts integer not null default 3,
    timeout_seconds integer not null default 900,
    lock_key text,
    concurrency_key text,
    concurrency_limit integer not null default 0,
    worker_ids jsonb not null default '[]',
    return_json jsonb,
    errors_json jsonb not null default '[]',
    metadata_json jsonb not null default '{}',
    last_error text,
    failed_at timestamptz,
    leased_until timestamptz,
    leased_by text,
    logs_uri text,
    artifacts_uri text,
    expires_at timestamptz,
    parent_id bigint references task_runs (result_id) on delete set null,
    workflow_id uuid,
    wait_count integer not null default 0,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    cancel_requested boolean not null default false
);
create index idx_task_runs_claim on task_runs (queue_name, status, priority desc, enqueued_at);
create index idx_task_runs_claim_due on task_runs (run_after) where status = 'READY';
create unique index idx_task_runs_spec_unique on task_runs (spec_hash)
where status in ('READY', 'RUNNING');
create index idx_task_runs_lock_key on task_runs (lock_key) where lock_key is not null;
create index idx_task_runs_concurrency_active on task_runs (concurrency_key)
where status = 'RUNNING';
create index idx_task_runs_parent_id on task_runs (parent_id);
create index idx_task_runs_workflow_id on task_runs (workflow_id);
create index idx_task_runs_failed_at on task_runs (failed_at);
create index idx_task_runs_task_path on task_runs (task_path);
create table periodic_tasks (
    name text primary key,
    cron_expr text not null,
    task_path text not null,
    payload_json jsonb not null default '{}',
    queue_name text not null default 'default',
    priority integer not null default 0,
    max_attempts integer not null default 3,
    concurrency_key text,
    concurrency_limit integer not null default 0,
    last_run_at timestamptz,
    next_run_at timestamptz not null,
    enabled boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index idx_periodic_tasks_next_run on periodic_tasks (next_run_at) where enabled;
create table reproq_queue_controls (
    queue_name text primary key,
    paused boolean not null default false,
    paused_at timestamptz,
    reason text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create table reproq_workers (
    worker_id text primary key,
    hostname text not null,
    concurrency integer not null,
    queues jsonb not null default '[]',
    started_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    version text
);
create table rate_limits (
    key text primary key,
    tokens_per_second real not null,
    burst_size integer not null,
    current_tokens real not null,
    last_refilled_at timestamptz not null default now()
);
insert into rate_limits values ('global', 0, 1, 0);
create table workflow_runs (
    workflow_id uuid primary key,
    expected_count integer not null,
    success_count integer not null default 0,
    failure_count integer not null default 0,
    callback_result_id bigint,
    status text not null default 'RUNNING',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);
create index idx_workflow_runs_callback on workflow_runs (callback_result_id);
"""

_TASK_PATH = """
create function reproq_task_path_from_spec() returns trigger language plpgsql as $$
begin
    new.task_path := coalesce(new.task_path, new.spec_json ->> 'task_path');
    return new;
end $$;
create trigger trg_task_runs_task_path before insert or update on task_runs
for each row execute function reproq_task_path_from_spec();
alter table task_runs add constraint task_runs_task_path_not_empty
check (task_path is not null and task_path <> '') not valid;
"""

# With the function of its pg_cron mode, and jobs as pg_cron keeps them.
_PG_CRON = """
create function reproq_enqueue_periodic_task(p_name text) returns void language plpgsql as $$
begin
    insert into task_runs (spec_json, spec_hash)
    select jsonb_build_object('task_path', t.task_path), repeat('c', 64)
    from periodic_tasks t where t.name = p_name;
end $$;
create schema cron;
create table cron.job (
    jobid bigint primary key, schedule text, command text, database text, jobname text
);
create function cron.unschedule(bigint) returns boolean language sql as
'delete from cron.job where jobid = $1 returning true';
insert into cron.job values
(1, '* * * * *', 'SELECT reproq_enqueue_periodic_task(''nightly'')', current_database(),
    'reproq_periodic:nightly'),
(2, '* * * * *', 'SELECT reproq_enqueue_periodic_task(''nightly'')', 'other', 'reproq_periodic:a'),
(3, '* * * * *', 'SELECT shop_sweep()', current_database(), 'reproq_periodic_of_the_shop'),
(4, '* * * * *', 'SELECT reproq_enqueue_periodic_task(''nightly'')', current_database(), 'mine');
"""


def _without_defaults(sql: str) -> str:
    """As Django's migrations make it: no defaults, an identity, a varchar, its own constraints."""
    lines = []
    for line in sql.splitlines():
        if line.startswith("    ") and " default " in line:
            line = line.split(" default ")[0] + ("," if line.endswith(",") else "")
        lines.append(line)
    return (
        "\n".join(lines)
        .replace("bigserial", "bigint generated by default as identity")
        .replace("spec_hash char(64)", "spec_hash varchar(64)")
        .replace("real", "double precision")
        .replace(
            "bigint references task_runs (result_id) on delete set null",
            "bigint constraint task_runs_parent_id_1a2b3c4d_fk_task_runs_result_id"
            " references task_runs (result_id) deferrable initially deferred",
        )
        .replace("'global', 0, 1, 0)", "'global', 0, 1, 0, now())")
        + "create index periodic_tasks_name_0a1b2c3d_like on periodic_tasks"
        " (name text_pattern_ops);"
        "create table django_migrations (id bigint generated by default as identity primary key,"
        " app varchar(255) not null, name varchar(255) not null, applied timestamptz not null);"
        "insert into django_migrations (app, name, applied) values"
        " ('reproq_django', '0001_initial', now()),"
        " ('reproq_django', '0002_periodictask', now()),"
        " ('reproq_django', '0014_task_path', now());"
    )


def _with_arrays(sql: str) -> str:
    """An early one: arrays instead of jsonb, and neither task_path nor workflows."""
    return (
        sql[: sql.index("create table workflow_runs")]
        .replace(
            "worker_ids jsonb not null default '[]'", "worker_ids text[] not null default '{}'"
        )
        .replace("queues jsonb not null default '[]'", "queues text[] not null default '{}'")
        .replace("    task_path text,\n    status", "    status")
        .replace("create index idx_task_runs_task_path on task_runs (task_path);\n", "")
    )


LAYOUTS = {
    "sql": _SQL + _TASK_PATH + _PG_CRON,
    "django": _without_defaults(_SQL),
    "arrays": _with_arrays(_SQL),
}
