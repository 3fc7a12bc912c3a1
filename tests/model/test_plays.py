"""Short plays that show each duty of the queue for certain, and what comes of one left undone."""

import psycopg
import pytest

from tests.harness.machine import NEWEST
from tests.model.plays import (
    PLAYS,
    Stage,
    a_bucket_fills_again,
    a_bucket_goes,
    a_bucket_is_explained,
    a_lock_is_explained,
    perform,
)

BLIND = """
create or replace function _reproq_explain_{}(run task_runs, at_time timestamptz)
returns table (
    reason text, detail jsonb, until timestamptz, blocks boolean, not_before timestamptz
)
language sql as 'select null, null::jsonb, null::timestamptz, true, null::timestamptz limit 0'
"""

# Each leaves one duty of the queue undone.
FAULTS = {
    "buckets wake nobody": (
        a_bucket_fills_again,
        """
        create or replace function _reproq_wake_buckets(queues text[], max_tasks integer)
        returns integer language sql as 'select 0'
        """,
    ),
    "who waits at a bucket stays there": (
        a_bucket_goes,
        """
        create or replace function _reproq_sweep_buckets(max_tasks integer)
        returns integer language sql as 'select 0'
        """,
    ),
    "explain overlooks token buckets": (a_bucket_is_explained, BLIND.format("buckets")),
    "explain overlooks locks and keys": (a_lock_is_explained, BLIND.format("gates")),
}


@pytest.fixture
def stage(conn, clock):
    Stage.conn, Stage.clock = conn, clock
    return Stage


@pytest.mark.parametrize("play", PLAYS, ids=lambda play: play.__name__)
def test_the_queue_does_in_a_play_what_the_model_does(stage, play):
    perform(play, stage)


@pytest.mark.breaks_invariants
@pytest.mark.parametrize("server", [NEWEST], indirect=True)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_play_notices_what_a_queue_leaves_undone(conn, stage, server, fault):
    play, undone = FAULTS[fault]
    conn.execute(undone)
    with pytest.raises((AssertionError, psycopg.Error)):
        perform(play, stage)
