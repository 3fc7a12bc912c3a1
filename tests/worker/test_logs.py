"""What the worker's log says, and what it never does."""

import json
import logging

import psycopg
import pytest

from reproq_worker import logs
from reproq_worker.supervisor import database
from reproq_worker.supervisor.database import OutageLog

HIDDEN = (
    "args authorization body errors_json headers kwargs payload payload_json return_json spec_json"
    " stderr stdout traceback my_secret ACCESS_TOKEN Password apikey api_key x_authorization_y"
)


@pytest.mark.parametrize("formatter", [logs.JsonFormatter("w"), logs.TextFormatter("w")])
def test_what_belongs_to_tasks_or_is_secret_is_redacted_at_any_depth(formatter):
    hidden = dict.fromkeys(HIDDEN.split(), "canary")
    more = {"group": {"in": [hidden], "plain": "seen"}, "kwargs": "canary"}
    if isinstance(formatter, logs.JsonFormatter):
        [inner] = json.loads(formatter.format(record(more)))["group"]["in"]
        assert inner == dict.fromkeys(hidden, "[REDACTED]")
    line = formatter.format(record(more))
    assert "canary" not in line
    assert "seen" in line


def record(more):
    return logging.makeLogRecord({"msg": "it happened", "levelname": "INFO"} | more)


def test_many_runs_are_named_in_one_short_line():
    assert logs.runs([7]) == "run 7"
    assert logs.runs([7, 8]) == "runs 7, 8"
    assert logs.runs(range(1, 501)) == "runs 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 490 more"


def test_of_a_pipeline_that_broke_the_first_cause_is_told():
    error = psycopg.OperationalError("cannot exit pipeline mode while busy")
    error.__context__ = psycopg.errors.AdminShutdown("terminating connection")
    assert database.brief(error) == "terminating connection (57P01)"


def test_an_outage_that_lasts_for_another_reason_is_told_once_more(caplog, monkeypatch):
    monkeypatch.setattr(logs.log, "propagate", True)
    monkeypatch.setattr(logs.log, "disabled", False)
    caplog.set_level(logging.INFO, logs.log.name)
    now = [100.0]
    monkeypatch.setattr(database.time, "monotonic", lambda: now[0])
    outages = OutageLog()
    for seconds, reason in [(0, "cut"), (3, "refused"), (12, "read-only"), (30, "refused")]:
        now[0] = 100.0 + seconds
        outages.lost(OSError(reason), now[0])
    outages.found()
    assert [each.getMessage() for each in caplog.records] == [
        "database out of reach, trying again: cut",
        "database still out of reach after 10 s: read-only",
        "database is back after 30.0 s",
    ]
