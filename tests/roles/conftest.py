"""A database where roles are told apart, and connections for each of them."""

from collections.abc import Callable

import psycopg
import pytest

from reproq_worker.install import grant

ROLES = {
    "producer": "reproq_test_app",
    "worker": "reproq_test_jobs",
    "operator": "reproq_test_ops",
    "observer": "reproq_test_eye",
}
#: Roles to whom nobody has granted anything, the last a further producer where a test grants it.
STRANGERS = ("reproq_test_nobody", "reproq_test_shop")


@pytest.fixture
def told_apart(conn: psycopg.Connection) -> psycopg.Connection:
    """The owner's connection to a database in which each kind has its role."""
    for role in (*ROLES.values(), *STRANGERS):
        known = conn.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
        if known is None:
            conn.execute(f"create role {role} login")
    with conn.transaction(), conn.cursor() as cursor:
        grant(cursor, {kind: [role] for kind, role in ROLES.items()})
    return conn


@pytest.fixture
def as_role(
    told_apart: psycopg.Connection, make_conn: Callable[..., psycopg.Connection]
) -> Callable[[str], psycopg.Connection]:
    """Opens a connection as the role of a kind, or as a role of that name."""
    return lambda who: make_conn(user=ROLES.get(who, who))
