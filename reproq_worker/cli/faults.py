"""Exit codes, in one place: 0 ok, 1 failed, 2 usage or configuration, 3 no database, 4 refused."""

import click
import psycopg

from reproq_worker.errors import (
    ConfigError,
    InvalidArgument,
    LeaseNotCurrent,
    ReproqError,
    SchemaMismatch,
    StillInUse,
    WrongState,
)
from reproq_worker.supervisor.database import brief, is_outage

FAILED = 1
USAGE = 2
NO_DATABASE = 3
REFUSED = 4


class Fault(click.ClickException):
    """A fault that was to be expected: said in a sentence, without a traceback."""

    def __init__(self, message: str, exit_code: int, hint: str | None = None):
        super().__init__(f"{message}\nHint: {hint}" if hint else message)
        self.exit_code = exit_code


def as_fault(error: Exception) -> Fault | None:
    """What to say and which code to exit with; None for what nobody expected."""
    if isinstance(error, ReproqError):
        return Fault(str(error), _exit_code(error), error.hint)
    if isinstance(error, ConfigError):
        return Fault(str(error), USAGE)
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return Fault(brief(error), NO_DATABASE, "Is this a standby? Connect to the primary.")
    if isinstance(error, psycopg.Error):
        return Fault(brief(error), NO_DATABASE if is_outage(error) else FAILED)
    return None


def _exit_code(error: ReproqError) -> int:
    if isinstance(error, InvalidArgument | SchemaMismatch):
        return USAGE
    if isinstance(error, WrongState | LeaseNotCurrent | StillInUse):
        return REFUSED
    return FAILED
