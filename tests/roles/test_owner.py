"""An owner that is no superuser: its rights are all that the functions have."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from reproq_worker.install import grant, install
from tests.harness.servers import Server
from tests.races.sessions import value
from tests.roles.conftest import ROLES
from tests.worker.conftest import start  # noqa: F401

OWNER = "reproq_test_owner"
PATH = "-c search_path=queue"

type Connect = Callable[[str], psycopg.Connection]


@pytest.fixture
def owned(server: Server, empty_database: str) -> Iterator[str]:
    """The URL of a database whose schema `queue` belongs to a plain role, with roles told apart."""
    dsn = make_conninfo(server.dsn(empty_database), options=PATH)
    with psycopg.connect(dsn, autocommit=True) as conn:
        for role in (OWNER, *ROLES.values()):
            if value(conn, "select to_regrole(%s) is null", [role]):
                conn.execute(f"create role {role} login")
        conn.execute(f"create schema queue authorization {OWNER}")
    with psycopg.connect(dsn, user=OWNER) as conn, conn.cursor() as cursor:
        install(cursor)
        grant(cursor, {kind: [role] for kind, role in ROLES.items()})
    yield dsn
    with psycopg.connect(dsn) as conn:
        assert conn.execute("select * from reproq_violations()").fetchall() == []


@pytest.fixture
def connect(owned: str) -> Iterator[Connect]:
    """Opens connections as the role of a kind, or as the owner."""
    opened = []

    def open_one(who: str) -> psycopg.Connection:
        opened.append(psycopg.connect(owned, user=ROLES.get(who, who), autocommit=True))
        return opened[-1]

    yield open_one
    for conn in opened:
        conn.close()


def test_every_role_does_its_part(owned, connect, start):  # noqa: F811
    app, ops, eye = (connect(kind) for kind in ("producer", "operator", "observer"))
    enqueue = "select reproq_enqueue(%s, concurrency_key => 'k', concurrency_limit => 1)"
    runs = [value(app, enqueue, [f"plain.{name}"]) for name in ("noop", "echo", "fail")]
    flow = [
        {"task_path": "plain.noop", "key": "a"},
        {"task_path": "plain.noop", "key": "b", "after": ["a"]},
    ]
    nodes = psycopg.types.json.Jsonb(flow)
    runs += [row[1] for row in app.execute("select * from reproq_enqueue_workflow(%s)", [nodes])]
    ops.execute("select reproq_set_rate_limit('queue:default', 100, 100)")
    worker = start("--until-empty", on=make_conninfo(owned, user=ROLES["worker"]))
    assert worker.leave() == 0, worker.log
    states = "select array_agg(status) from reproq_states(%s)"
    assert value(eye, states, [runs])[0] == "SUCCESSFUL"
    assert value(eye, states, [runs])[3:] == ["SUCCESSFUL", "SUCCESSFUL"]
    assert len(app.execute("select * from reproq_results(%s)", [runs]).fetchall()) == len(runs)
    for run in runs[1:3]:
        ops.execute("select reproq_cancel(%s)", [run])
    assert value(ops, "select reproq_prune('{SUCCESSFUL, CANCELLED}', '0')") == len(runs)
    assert ops.execute("select * from reproq_violations()").fetchall() == []


def test_the_line_is_truncated_though_the_owner_may_not_see_how_long_others_are_at_it(connect):
    owner, app, jobs = connect(OWNER), connect("producer"), connect("worker")
    # A drained partition with another one current, and a worker that is looking at it.
    app.execute("select reproq_enqueue('plain.noop')")
    owner.execute("update reproq_ready set ring = 1")
    owner.execute("insert into reproq_ring (current) values (1)")
    assert value(owner, "select pg_relation_size('reproq_ready_0')") > 0
    with jobs.transaction():
        jobs.execute("select reproq_claim('w', '{none}')")
        assert value(owner, "select rotated from reproq_tick()") == 0
        assert value(owner, "select truncate_failures from reproq_ring") == 1
    owner.execute("update reproq_ring set truncate_after = null")
    assert value(owner, "select rotated from reproq_tick()") == 1
    assert value(owner, "select pg_relation_size('reproq_ready_0')") == 0


def test_a_partition_that_another_role_stays_at_does_not_keep_the_others(connect):
    owner, app = connect(OWNER), connect("producer")
    with app.transaction(force_rollback=True):
        app.execute("select reproq_enqueue('plain.noop')")
        owner.execute("insert into reproq_ring (current) values (2)")
        owner.execute(
            "insert into reproq_ready (ring, queue_name, claim_order, result_id)"
            " values (1, 'q', 1, 1)"
        )
        owner.execute("delete from reproq_ready where ring = 1")
        assert value(owner, "select rotated from reproq_tick()") == 1
        assert value(owner, "select pg_relation_size('reproq_ready_1')") == 0
