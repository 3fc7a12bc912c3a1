"""What a claim tells of a run is the same in both shapes, as JSON and in columns."""

import json
from datetime import datetime

import pytest

from reproq_worker import payloads
from reproq_worker.held import Held

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)

CLAIM = (
    "select c.result_id, c.lease_no, c.timeout_seconds, c.task_path, c.queue_name, c.attempt,"
    f" c.max_attempts, 0.0, {payloads.AS_JSON}, {payloads.AS_COLUMNS}"
    " from reproq_claim('w') as c"
)


def claimed(conn):
    """The next run as JSON, and held in columns."""
    [row] = conn.execute(CLAIM).fetchall()
    return Held(*row[:8], row[8], (), 0.0), Held(*row[:8], row[9], row[10:], 0.0)


def test_a_run_in_columns_tells_what_it_does_as_json(conn):
    arguments = '[1, {"a": "ä"}]', '{"b": null}'
    conn.execute("select reproq_enqueue('shop.charge', %s, %s, priority => 3)", arguments)
    as_json, in_columns = claimed(conn)
    expected, run = json.loads(as_json.payload), payloads.run_of(in_columns)
    spec = expected.pop("spec_json")
    assert run.pop("spec_json") == {"args": spec["args"], "kwargs": spec["kwargs"]}
    for name in ("enqueued_at", "started_at", "last_attempted_at", "leased_until"):
        assert datetime.fromisoformat(run.pop(name)) == datetime.fromisoformat(expected.pop(name))
    assert run == expected
    assert payloads.size(as_json) == payloads.size(in_columns) == len('[1,{"a":"ä"}]'.encode())


@pytest.mark.parametrize("spec", ["{}", '{"args": [1]}', "[]", '"no spec"', "null"])
def test_a_spec_without_arguments_comes_as_it_is(conn, spec):
    conn.execute("insert into task_runs (task_path, spec_json) values ('shop.charge', %s)", [spec])
    as_json, in_columns = claimed(conn)
    assert payloads.run_of(in_columns)["spec_json"] == json.loads(spec)
    assert payloads.size(as_json) == payloads.size(in_columns)
