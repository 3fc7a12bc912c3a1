"""Random calls of every function, one after the other: after each, queue and model agree."""

import os

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.harness.clock import Clock
from tests.harness.machine import NEWEST
from tests.model.operating import Operating
from tests.model.producing import Producing
from tests.model.working import Working

# A run of the tests says the same each time; MODEL_EXAMPLES=5000 looks at so many others.
MORE_EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "0"))

# Each leaves one duty of the queue undone.
FAULTS = {
    "gates wake nobody": """
        create or replace function _reproq_wake_gates(gates text[], may_wait boolean)
        returns integer language sql as 'select 0'
    """,
    "nobody is released": """
        create or replace function _reproq_settle_dependants(result_ids bigint[], statuses text[])
        returns void language sql as 'select null::void'
    """,
    "what is due is left to the tick": """
        create or replace function _reproq_wake_due(max_tasks integer, since interval default null)
        returns integer language sql as 'select 0'
    """,
}


class QueueMachine(Producing, Working, Operating):
    """All the rules."""


def run(
    conn: psycopg.Connection, clock: Clock, examples: int, steps: int, **options: object
) -> None:
    QueueMachine.conn, QueueMachine.clock = conn, clock
    run_state_machine_as_test(
        QueueMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **options,
        ),
    )


def test_the_queue_does_what_the_model_does(conn, clock):
    if MORE_EXAMPLES:
        run(conn, clock, MORE_EXAMPLES, steps=100)
    else:
        run(conn, clock, examples=200, steps=40, derandomize=True, database=None)


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
@pytest.mark.parametrize("fault", FAULTS)
def test_the_model_notices_what_a_queue_leaves_undone(conn, clock, server, fault):
    conn.execute(FAULTS[fault])
    with pytest.raises((AssertionError, psycopg.Error)):
        run(
            conn,
            clock,
            examples=2000,
            steps=40,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
        )
