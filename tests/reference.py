"""Makes docs/reference.md from what the database says: `./run python -m tests.reference`.

The sentences are the COMMENTs of sql/, so whoever looks with psql's `\\df+` reads the same.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from reproq_worker.embedded import EmbeddedPostgres
from reproq_worker.install import install

FILE = Path(__file__).resolve().parent.parent / "docs" / "reference.md"

# In the order in which a client calls them.
GROUPS = {
    "Produce": ["enqueue", "enqueue_many", "enqueue_workflow", "results"],
    "Work": [
        "register_worker",
        "claim",
        "predecessor_results",
        "heartbeat",
        "save_metadata",
        "finish",
        "complete",
        "fail",
        "release",
        "retire_worker",
    ],
    "Keep time": ["tick", "reclaim", "cron_next", "enqueue_periodic_task"],
    "Operate": [
        "cancel",
        "retry",
        "replay",
        "replay_spec",
        "retry_failed",
        "discard",
        "delete",
        "cancel_workflow",
        "retry_workflow",
        "prune",
        "prune_expired",
        "prune_workers",
        "delete",
    ],
    "Limit": [
        "pause_queue",
        "resume_queue",
        "set_aging",
        "set_rate_limit",
        "delete_rate_limit",
    ],
    "Look": [
        "explain",
        "states",
        "stats",
        "counts",
        "gauges",
        "throughput",
        "task_times",
        "limits",
        "rate_limits",
        "known_workers",
        "recent_runs",
        "schedules",
        "find_runs",
        "failed_runs",
        "inspect",
        "workflow",
        "violations",
        "repair",
    ],
    "Before all": ["installed", "rights"],
}

HEAD = """\
# SQL reference

Made from the `COMMENT`s in the database by `./run python -m tests.reference`; do not edit.

Parameters are best given by name, as in `reproq_enqueue('shop.tasks.charge', queue => 'mail')`:
further ones may follow, each with a default. What begins with `_reproq_` may change at any time.

## Errors

| SQLSTATE | means |
|---|---|
| `RQ001` | the lease is not current: somebody else has the run, or nobody |
| `RQ002` | there is no such run |
| `RQ003` | the run is in a state that does not allow this |
| `RQ004` | larger than 1 MiB |
| `RQ005` | the schema is older or newer than the caller |
| `22023`, `22004` | an argument is invalid, or null where it may not be; the message names it |
| `25000` | only READ COMMITTED transactions may do this |

A notice with SQLSTATE `RQ100` from `reproq_claim` says that another call may find more at once.
"""

FUNCTIONS = """
select p.proname, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid),
    obj_description(p.oid, 'pg_proc')
from pg_proc p
where p.pronamespace = current_schema()::regnamespace and p.proname like 'reproq\\_%'
    and p.prorettype <> 'trigger'::regtype
"""

TABLES = """
select c.oid, c.relname, obj_description(c.oid, 'pg_class')
from pg_class c
where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v')
    and not c.relispartition
order by c.relname <> 'task_runs', c.relname not like 'reproq\\_%', c.relname
"""

COLUMNS = """
select a.attname, format_type(a.atttypid, a.atttypmod), col_description(a.attrelid, a.attnum)
from pg_attribute a
where a.attrelid = %s and a.attnum > 0 and not a.attisdropped
order by a.attnum
"""


def render(conn: psycopg.Connection) -> str:
    """The whole page, for the database of this connection."""
    return "\n".join([HEAD, *functions(conn), *tables(conn)])


def functions(conn: psycopg.Connection) -> Iterator[str]:
    """The public functions, group by group."""
    found = {row[0].removeprefix("reproq_"): row[1:] for row in conn.execute(FUNCTIONS)}
    listed = [name for names in GROUPS.values() for name in names]
    if missing := found.keys() ^ set(listed):
        raise LookupError(f"GROUPS and the database differ in: {', '.join(sorted(missing))}")
    for group, names in GROUPS.items():
        yield f"## {group}\n"
        for name in names:
            arguments, result, comment = found[name]
            yield f"### reproq_{name}\n\n```sql\n{signature(name, arguments, result)}\n```\n"
            yield f"{text(comment)}\n"


def text(comment: str | None) -> str:
    """A comment as Markdown."""
    return (comment or "").replace("<", "&lt;").replace("|", "\\|")


def signature(name: str, arguments: str, result: str) -> str:
    """A function's head in lower case and without casts; a parameter a line where it is long."""
    return f"reproq_{name}({unfold(plain(arguments))}) -> {unfold(plain(result))}"


def plain(sql: str) -> str:
    """What PostgreSQL prints, in the words that people type."""
    sql = sql.replace("timestamp with time zone", "timestamptz")
    sql = re.sub(r"::[a-z]+(\[\])?", "", sql)
    return sql.replace("DEFAULT", "default").replace("NULL", "null").replace("TABLE", "table")


def unfold(sql: str) -> str:
    """A list on one line where that is short, else an element a line."""
    if len(sql) <= 70:
        return sql
    head, elements, tail = re.fullmatch(r"(table\()?(.*?)(\)?)", sql).groups()
    lines = ",".join(f"\n    {element}" for element in elements.split(", "))
    return f"{head or ''}{lines}\n{tail}"


def tables(conn: psycopg.Connection) -> Iterator[str]:
    """The tables, with what is said of their columns."""
    yield "## Tables\n"
    yield "To look at. Functions alone change runs; a plain `INSERT INTO task_runs` makes one.\n"
    for oid, name, comment in conn.execute(TABLES).fetchall():
        yield f"### {name}\n\n{text(comment)}\n\n| column | type | |\n|---|---|---|"
        for column, kind, said in conn.execute(COLUMNS, [oid]):
            yield f"| `{column}` | {kind} | {text(said)} |"
        yield ""


def main() -> None:
    """Write the page."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(folder) as server:
        with psycopg.connect(server.createdb("reference")) as conn:
            install(conn.cursor())
            FILE.write_text(render(conn))
    print(f"{FILE.name} written", file=sys.stderr)


if __name__ == "__main__":
    main()
