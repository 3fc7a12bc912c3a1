"""The systems that are compared: what to install, what they need, and what they keep of a task."""

from typing import Literal, NamedTuple


class Entry(NamedTuple):
    """One way of running one system."""

    name: str
    #: The file in `peers/` that drives it.
    adapter: str
    service: Literal["postgres", "redis"]
    #: What pip installs into its environment; empty for this project itself.
    requirements: tuple[str, ...]
    #: The distributions whose versions belong in the report.
    distributions: tuple[str, ...]
    #: How many tasks a drain has: about two seconds of work, well beyond any warm-up.
    tasks: int
    settings: str
    keeps: str
    bulk: bool = True
    works: bool = True
    django: bool = False
    isolation: str = ""

    @property
    def ours(self) -> bool:
        return self.adapter.startswith("reproq")


_OURS_KEEPS = (
    "record with arguments, result, attempts, workers, times, errors; lease with fencing number; "
    "dedup by hash; kept until pruned"
)
_REPROQ = ("reproq", "Django", "psycopg")

ENTRIES = (
    Entry(
        "reproq-thread",
        "reproq",
        "postgres",
        (),
        _REPROQ,
        30_000,
        "Django's backend; `--isolation thread`, concurrency 10",
        _OURS_KEEPS,
        django=True,
        isolation="thread",
    ),
    Entry(
        "reproq-process",
        "reproq",
        "postgres",
        (),
        _REPROQ,
        10_000,
        "Django's backend; `--isolation process`, concurrency 2",
        _OURS_KEEPS + "; a crash stays in the child",
        django=True,
        isolation="process",
    ),
    Entry(
        "reproq-fork",
        "reproq",
        "postgres",
        (),
        _REPROQ,
        600,
        "Django's backend; `--isolation fork`, concurrency 2",
        _OURS_KEEPS + "; a process for each task",
        django=True,
        isolation="fork",
    ),
    Entry(
        "reproq-sql",
        "reproq_sql",
        "postgres",
        (),
        ("reproq", "psycopg"),
        30_000,
        "`reproq_enqueue` and `reproq_enqueue_many` from psycopg, 1,000 a call",
        _OURS_KEEPS,
        works=False,
    ),
    Entry(
        "pgqueuer",
        "pgqueuer",
        "postgres",
        ("pgqueuer[asyncpg]", "asyncpg", "uvloop"),
        ("pgqueuer", "asyncpg", "uvloop"),
        30_000,
        "asyncpg, uvloop, coroutine tasks, batch size 100",
        "a log line for each change of status; the job's row is deleted; no result",
    ),
    Entry(
        "awa-pg",
        "awa",
        "postgres",
        ("awa-pg",),
        ("awa-pg",),
        15_000,
        "asynchronous client, 1,024 slots, COPY for bulk",
        "append-only entries, claims and completions in rings, with a fence; no result",
    ),
    Entry(
        "chancy",
        "chancy",
        "postgres",
        ("chancy[cli]", "psycopg[binary]", "uvloop"),
        ("chancy", "psycopg", "uvloop"),
        8_000,
        "asyncio executor, concurrency 100, eager polling, uvloop",
        "row with arguments, state, times and errors, pruned after a day; no result",
    ),
    Entry(
        "procrastinate",
        "procrastinate",
        "postgres",
        ("procrastinate", "psycopg[binary,pool]"),
        ("procrastinate", "psycopg"),
        1_500,
        "synchronous producer, coroutine tasks, concurrency 10",
        "row with arguments, status and attempts, an event for each change; no result",
    ),
    Entry(
        "django-tasks-db",
        "django_tasks_db",
        "postgres",
        ("django-tasks-db", "psycopg[binary]"),
        ("django-tasks-db", "Django", "psycopg"),
        700,
        "polling every 10 ms",
        "row with arguments, result, times, worker and error; no lease, no retry",
        bulk=False,
        django=True,
    ),
    Entry(
        "django-ox",
        "django_ox",
        "postgres",
        ("django-ox", "psycopg[binary]"),
        ("django-ox", "Django", "psycopg"),
        1_200,
        "4 threads, polling every 10 ms",
        "row with arguments, result, times, lease and errors of each attempt",
        django=True,
    ),
    Entry(
        "celery",
        "celery",
        "redis",
        ("celery[redis]",),
        ("celery", "redis"),
        1_500,
        "Redis, prefork with 2 children, prefetch multiplier 64, no result backend",
        "nothing: a task is gone when it has been taken, and lost with its worker",
        bulk=False,
    ),
    Entry(
        "dramatiq",
        "dramatiq",
        "redis",
        ("dramatiq[redis]",),
        ("dramatiq", "redis"),
        4_000,
        "Redis, 1 process of 8 threads, no results",
        "nothing of a finished message; an unfinished one is delivered again",
        bulk=False,
    ),
    Entry(
        "rq",
        "rq",
        "redis",
        ("rq",),
        ("rq", "redis"),
        150,
        "Redis, a fork for each job",
        "job with arguments, result and times for 500 s after its end",
    ),
    Entry(
        "django-tasks-redis",
        "django_tasks_redis",
        "redis",
        ("django-tasks-redis",),
        ("django-tasks-redis", "Django", "redis"),
        1_000,
        "Redis streams",
        "hash with arguments, result, times and errors for 30 days",
        bulk=False,
        django=True,
    ),
)

BY_NAME = {entry.name: entry for entry in ENTRIES}
