"""The one installer: brings a database's schema to what this package carries, or takes it away.

Everything happens in the caller's transaction. Tables are history: migrations are applied once, in
order. Functions are source: all of them are applied again whenever one of their files changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reproq_worker import __version__
from reproq_worker.errors import InvalidArgument, translated
from reproq_worker.install import steps
from reproq_worker.install.sql_files import SqlFiles
from reproq_worker.install.state import Installed, values


def install(
    cursor: Any,
    schema: str | None = None,
    *,
    directory: Path | None = None,
    version: str = __version__,
) -> list[str]:
    """Installs, upgrades or adopts, and returns the steps taken; none when there was nothing to do.

    The schema is by default the one that holds an installation already, else the first of the
    connection's search path. Tables of the reference implementation are adopted, with their rows.
    Of several callers at once one works, the others find nothing to do.
    Raises SchemaMismatch where the database is newer than this package, and where tables of the
    same names are somebody else's.
    """
    files = SqlFiles.read(directory, version)
    installed = Installed.read(cursor, schema)
    if not installed.steps_to(files):
        return []
    with working_in(cursor, installed.schema):
        cursor.execute(steps.lock())
        taken = Installed.read(cursor, installed.schema).steps_to(files)
        if taken:
            for statement in steps.statements(files):
                cursor.execute(statement)
    return taken


def plan(
    cursor: Any,
    schema: str | None = None,
    *,
    directory: Path | None = None,
    version: str = __version__,
) -> list[str]:
    """The steps that `install` would take, in words; changes nothing and locks nothing."""
    files = SqlFiles.read(directory, version)
    installed = Installed.read(cursor, schema)
    planned = installed.steps_to(files)
    if planned and (installed.readable or not installed.exists):
        with working_in(cursor, installed.schema):
            cursor.execute(steps.guard(files) if installed.exists else steps.recognise())
    return planned


def script(
    schema: str | None = None, *, directory: Path | None = None, version: str = __version__
) -> str:
    """The whole install as one text for `psql -f`: on an empty database, or any that it is for.

    It records what it does as `install` would, which then finds nothing to do.
    """
    files = SqlFiles.read(directory, version)
    body = "\n\n".join([steps.settings(schema), steps.lock(), *steps.statements(files)])
    return f"\\set ON_ERROR_STOP on\n\\set QUIET on\nbegin;\n\n{body}\n\ncommit;\n"


def is_installed(cursor: Any, schema: str | None = None) -> bool:
    """Whether this or another release of reproq is installed."""
    return Installed.read(cursor, schema).exists


def uninstall(cursor: Any, schema: str | None = None) -> bool:
    """Drops the tables with all runs, and the functions; False when nothing was installed.

    Raises StillInUse, naming them, when objects that reproq did not make depend on its own.
    """
    installed = Installed.read(cursor, schema)
    if not installed.exists:
        return False
    with working_in(cursor, installed.schema):
        cursor.execute(steps.lock())
        installed = Installed.read(cursor, installed.schema)
        if installed.exists:
            cursor.execute(steps.uninstall())
    return installed.exists


@contextmanager
def working_in(cursor: Any, schema: str) -> Iterator[None]:
    """The installer's settings for this schema; afterwards the caller's are back."""
    search_path, check_bodies = _settings(cursor)
    with translated():
        cursor.execute(steps.settings(schema))
        if _settings(cursor)[1] != "off":
            raise InvalidArgument("the installer works inside a transaction; open one first")
        yield
        # After an error there is nothing to put back: the rollback does it.
        cursor.execute(
            "select set_config('search_path', %s, true),"
            " set_config('check_function_bodies', %s, true)",
            [search_path, check_bodies],
        )


def _settings(cursor: Any) -> list[str]:
    cursor.execute(
        "select current_setting('search_path') as search_path,"
        " current_setting('check_function_bodies') as check_bodies"
    )
    return values(cursor.fetchone())
