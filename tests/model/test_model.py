"""Random calls of every function, one after the other: after each, queue and model agree."""

import os

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.harness.clock import Clock
from tests.harness.machine import NEWEST, OLDER
from tests.model.looking import Looking
from tests.model.operating import Operating
from tests.model.producing import Producing
from tests.model.working import Working

# A run of the tests says the same each time; MODEL_EXAMPLES=5000 looks at so many others.
MORE_EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))


class QueueMachine(Producing, Working, Operating, Looking):
    """All the rules."""


class LimitMachine(QueueMachine):
    """Those that bear on gates, so that more happens at the gates."""

    insert = wait = enqueue_workflow = replay = cancel = retry = cancel_workflow = None
    retry_failed = discard = prune_expired = reclaim = turn_the_ring = set_aging = None
    prune = delete = finish = heartbeat = None


class WorkflowMachine(QueueMachine):
    """Those that bear on runs that wait for others."""

    enqueue = enqueue_many = insert = replay = reclaim = turn_the_ring = pause_or_resume = None
    set_aging = delete_rate_limit = prune = prune_expired = heartbeat = None


# CI looks at more. The older server plays the first ones of the same examples, the narrower
# machines' only in CI.
EXAMPLES = 200 if os.environ.get("CI") else 60
MACHINES = [
    (QueueMachine, NEWEST, EXAMPLES),
    (LimitMachine, NEWEST, EXAMPLES),
    (WorkflowMachine, NEWEST, EXAMPLES),
    (QueueMachine, OLDER, min(EXAMPLES, 70)),
    pytest.param(LimitMachine, OLDER, 70, marks=pytest.mark.slow),
    pytest.param(WorkflowMachine, OLDER, 70, marks=pytest.mark.slow),
]

# Each leaves one duty of the queue undone. (Those that luck alone would meet have a play.)
FAULTS = {
    "gates wake nobody": (
        LimitMachine,
        """
        create or replace function _reproq_wake_gates(gates text[], may_wait boolean)
        returns integer language sql as 'select 0'
        """,
    ),
    "starts are free": (
        LimitMachine,
        """
        create or replace function _reproq_spend_tokens(
            started bigint[], tickets reproq_ready[], buckets text[]
        )
        returns void language sql as 'select null::void'
        """,
    ),
    "nobody is released": (
        WorkflowMachine,
        """
        create or replace function _reproq_settle_dependants(
            result_ids bigint[], statuses text[]
        )
        returns void language sql as 'select null::void'
        """,
    ),
    "what is due is left to the tick": (
        QueueMachine,
        """
        create or replace function _reproq_wake_due(max_tasks integer, since interval default null)
        returns integer language sql as 'select 0'
        """,
    ),
}


def run(
    machine: type[QueueMachine],
    conn: psycopg.Connection,
    clock: Clock,
    examples: int,
    **options: object,
) -> None:
    machine.conn, machine.clock = conn, clock
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **options,
        ),
    )


@pytest.mark.parametrize(("machine", "server", "examples"), MACHINES, indirect=["server"])
def test_the_queue_does_what_the_model_does(conn, clock, machine, server, examples):
    if MORE_EXAMPLES:
        run(machine, conn, clock, MORE_EXAMPLES, stateful_step_count=100)
    else:
        run(machine, conn, clock, examples, stateful_step_count=40, derandomize=True, database=None)


@pytest.mark.slow
@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_model_notices_what_a_queue_leaves_undone(conn, clock, server, fault):
    machine, undone = FAULTS[fault]
    conn.execute(undone)
    with pytest.raises((AssertionError, psycopg.Error)):
        run(
            machine,
            conn,
            clock,
            examples=2000,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
        )
