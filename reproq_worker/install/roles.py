"""Roles of the database: who may only enqueue, only work, only operate or only watch.

Only functions are granted, never tables. They then work with the rights of their owner, and nobody
else may call them. Which function is for which kind of role, `reproq_rights()` says.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from reproq_worker.errors import InvalidArgument, SchemaMismatch
from reproq_worker.install import steps
from reproq_worker.install.installer import working_in
from reproq_worker.install.state import Installed

KINDS = ("producer", "worker", "operator", "observer")


def grant(cursor: Any, roles: Mapping[str, Sequence[str]], schema: str | None = None) -> None:
    """Gives each role what its kind may call; a role may be of several kinds.

    `roles` names the roles of each kind. Takes the owner of the functions, or a superuser. Raises
    InvalidArgument for an unknown kind or role, WrongState where roles could not be held back.
    """
    for kind in roles:
        if kind not in KINDS:
            raise InvalidArgument(f"roles: {kind!r} is none of {', '.join(KINDS)}")
    with _installation(cursor, schema):
        for statement in steps.grant(roles):
            cursor.execute(statement)


def revoke(cursor: Any, roles: Sequence[str], schema: str | None = None) -> None:
    """Takes from these roles whatever they may call."""
    with _installation(cursor, schema):
        cursor.execute(steps.revoke(roles))


def revoke_all(cursor: Any, schema: str | None = None) -> None:
    """Takes it from every role and tells none apart any more, as after a fresh install."""
    with _installation(cursor, schema):
        cursor.execute(steps.revoke_all())


@contextmanager
def _installation(cursor: Any, schema: str | None) -> Iterator[None]:
    installed = Installed.read(cursor, schema)
    if not installed.exists:
        raise SchemaMismatch("Reproq is not installed", hint="Run `reproq migrate`.")
    with working_in(cursor, installed.schema):
        cursor.execute(steps.lock())
        yield
