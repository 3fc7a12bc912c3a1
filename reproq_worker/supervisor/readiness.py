"""What is looked at once before a worker starts: can it reach the database, does the schema fit."""

import time
from collections.abc import Sequence
from contextlib import suppress

import psycopg

from reproq_worker import install
from reproq_worker.config import ConfigError
from reproq_worker.errors import ReproqError, SchemaMismatch
from reproq_worker.logs import log
from reproq_worker.supervisor import database
from reproq_worker.supervisor.database import delays

#: A database that starts beside the worker gets so many seconds to come up.
PATIENCE = 5.0
_AGING = """
select q.name, coalesce(extract(epoch from c.aging), 60)::float8
from unnest(%s::text[]) as q (name)
left join reproq_queue_controls as c on c.queue_name = q.name
"""


class OutOfReach(Exception):
    """No connection could be made, or only one to a server that takes no work."""


def check(dsn: str, patience: float = PATIENCE) -> None:
    """Raise where a worker could not do its work.

    That is OutOfReach, SchemaMismatch, ConfigError for a role without the rights, psycopg.Error.
    """
    with _connect(dsn, patience) as connection:
        try:
            _check_server(connection)
            _check_schema(connection)
            _check_role(connection)
        except psycopg.Error as error:
            if database.is_outage(error):
                raise OutOfReach(database.brief(error)) from error
            raise
        finally:
            connection.rollback()


def warn_of_aging(dsn: str, queues: Sequence[str], factor: float) -> None:
    """A line for each queue whose order counts waiting otherwise than this worker was told."""
    # A role that may only work cannot read the table: then nothing is told.
    with suppress(psycopg.errors.InsufficientPrivilege), _connect(dsn, PATIENCE) as connection:
        for queue, aging in connection.execute(_AGING, [list(queues)]).fetchall():
            if aging != factor:
                log.warning(
                    "queue %s ages by %g s of waiting for a point of priority, not by %g:"
                    " the order is the queue's setting (reproq_set_aging)",
                    *(queue, aging, factor),
                )


def _connect(dsn: str, patience: float) -> psycopg.Connection:
    give_up_at = time.monotonic() + patience
    told = False
    for pause in delays(0.2):
        try:
            return psycopg.connect(dsn, connect_timeout=5, prepare_threshold=None)
        except psycopg.OperationalError as error:
            if time.monotonic() + pause > give_up_at:
                raise OutOfReach(database.brief(error)) from None
            if not told:
                log.warning("database out of reach, trying again: %s", database.brief(error))
            told = True
            time.sleep(pause)
    raise AssertionError("delays never end")


def _check_server(connection: psycopg.Connection) -> None:
    row = connection.execute("select pg_is_in_recovery()").fetchone()
    if row and row[0]:
        raise OutOfReach("the server is a standby and takes no writes")


def _check_schema(connection: psycopg.Connection) -> None:
    try:
        steps = install.plan(connection.cursor())
    except ReproqError as error:
        raise SchemaMismatch(str(error), hint=error.hint) from error
    if any("migration" in step for step in steps):
        raise SchemaMismatch(
            "the database has no Reproq schema, or an older one",
            hint="Run `reproq migrate` or `manage.py migrate`.",
        )
    if steps:
        # Any version's functions do the same under the same names: worth a word, no refusal.
        log.warning("%d SQL functions are not those of this version", len(steps))


def _check_role(connection: psycopg.Connection) -> None:
    row = connection.execute(
        "select current_user, has_function_privilege(to_regproc('reproq_tick'), 'execute')"
    ).fetchone()
    if row and row[1] is False:
        raise ConfigError(
            f"worker.dsn: the role {row[0]} may not work; say: reproq grant --worker {row[0]}"
        )
