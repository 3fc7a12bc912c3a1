"""A worker whose clock is wrong."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.worker.process import until

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)

# Python imports this at every start, in the worker and in what it starts.
SITE = """
import datetime, time

OFF = {seconds}
true_time, true_time_ns, TrueDatetime = time.time, time.time_ns, datetime.datetime

class Datetime(TrueDatetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(true_time() + OFF, tz)

time.time = lambda: true_time() + OFF
time.time_ns = lambda: true_time_ns() + OFF * 10**9
datetime.datetime = Datetime
"""


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [600, -600])
def test_a_worker_ten_minutes_off_keeps_its_leases_and_stores_no_time_of_its_own(
    queue, start, tmp_path, seconds
):
    (tmp_path / "sitecustomize.py").write_text(SITE.format(seconds=seconds))
    held = queue.enqueue("sleep", 3)
    failing = queue.enqueue("fail", backoff_base="1 s", max_attempts=2)
    delayed = queue.enqueue("noop", run_in="2 s")
    worker = start("--lease-seconds", 2, PYTHONPATH=str(tmp_path))
    queue.running(held)
    assert queue.value(
        "select abs(extract(epoch from leased_until - clock_timestamp())) < 3 from reproq_leases"
        " where result_id = %s",
        held,
    )
    records = [queue.ended(run, 10) for run in (held, failing, delayed)]
    assert [record["status"] for record in records] == ["SUCCESSFUL", "FAILED", "SUCCESSFUL"]
    assert [record["lease_losses"] for record in records] == [0, 0, 0]
    assert records[0]["attempts"] == 1
    stored = """
        select bool_and(t.value between clock_timestamp() - interval '1 minute'
            and clock_timestamp() + interval '1 minute')
        from task_runs r
        cross join lateral (
            values (r.started_at), (r.last_attempted_at), (r.finished_at), (r.updated_at),
                ((r.errors_json -> 0 ->> 'at')::timestamptz)
        ) t (value)
    """
    until(lambda: queue.value(stored))
    # (Its clock was wrong indeed.)
    logged = datetime.fromisoformat(worker.log.partition(" INFO")[0])
    assert abs(logged - datetime.now(UTC)) > timedelta(minutes=9)
