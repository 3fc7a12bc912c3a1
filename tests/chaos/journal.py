"""A witness inside the database: a trigger that writes down every change of a run's status."""

import psycopg

JOURNAL = """
create table chaos_journal (
    place bigserial primary key,
    result_id bigint not null,
    lease_no bigint not null,
    was text not null,
    became text not null,
    at timestamptz not null default clock_timestamp()
);

create function chaos_note()
returns trigger
language plpgsql
set search_path from current
as $$
begin
    insert into chaos_journal (result_id, lease_no, was, became)
    values (new.result_id, new.lease_no, old.status, new.status);
    return null;
end;
$$;

create trigger chaos_note
after update of status on task_runs
for each row
when (old.status is distinct from new.status)
execute function chaos_note();
"""

LIVE = "select count(*) from task_runs where finished_at is null"


def keep_journal(conn: psycopg.Connection) -> None:
    """From now on every change of a status has its row."""
    conn.execute(JOURNAL)
