"""Signals of Django and of this package, around enqueue and around each attempt."""

import logging

import pytest
from django.tasks import signals as django_signals
from django.tasks import task_backends

from reproq_django import signals
from reproq_django.backend import ReproqBackend
from tests.backend.running import run_all, run_one
from tests.shop import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent():
    """What both packages' signals have sent, as (name, sender, arguments)."""
    seen, connected = [], []

    def listen(name, signal):
        def receiver(sender, signal, **kwargs):
            task_result = kwargs.get("task_result")
            status = task_result.status if task_result else None
            seen.append((name, sender, kwargs | {"status": status}))

        signal.connect(receiver)
        connected.append((signal, receiver))

    for name in ("task_enqueued", "task_started", "task_finished"):
        listen(f"django {name}", getattr(django_signals, name))
        listen(name, getattr(signals, name))
    yield seen
    for signal, receiver in connected:
        signal.disconnect(receiver)


def test_an_enqueue_sends_both_also_when_it_joins(sent):
    first = tasks.add.enqueue(1, b=2)
    tasks.add.enqueue(1, b=2)
    assert [name for name, _, _ in sent] == ["django task_enqueued", "task_enqueued"] * 2
    assert {sender for _, sender, _ in sent} == {ReproqBackend}
    assert {kwargs["task_result"].id for _, _, kwargs in sent} == {first.id}
    spec = sent[1][2]["spec"]
    assert (spec["task_path"], spec["args"], spec["kwargs"]) == (
        "tests.shop.tasks.add",
        [1],
        {"b": 2},
    )


def test_an_attempt_sends_started_and_finished(sent):
    tasks.add.enqueue(1)
    sent.clear()
    run_all()
    names = [name for name, _, _ in sent]
    assert names == [
        *("django task_started", "task_started", "django task_finished", "task_finished")
    ]
    assert [kwargs["status"] for _, _, kwargs in sent] == ["RUNNING", None, "SUCCESSFUL", None]
    finished = sent[-1][2]
    assert (finished["ok"], finished["error"]) == (True, None)
    assert finished["task_context"].task_result.return_value == 1
    assert {sender for _, sender, _ in sent} == {ReproqBackend}


@pytest.mark.parametrize(("max_attempts", "status"), [(2, "READY"), (1, "FAILED")])
def test_a_failure_says_whether_the_run_is_tried_again(sent, max_attempts, status):
    tasks.fail.using(max_attempts=max_attempts).enqueue("x")
    sent.clear()
    run_all()
    assert sent[2][2]["status"] == status
    assert (sent[3][2]["ok"], str(sent[3][2]["error"])) == (False, "x")
    assert sent[2][2]["task_result"].errors[-1].exception_class is ValueError


def test_djangos_log_lines(caplog):
    caplog.set_level(logging.DEBUG, "django.tasks")
    result = tasks.fail.using(max_attempts=1).enqueue("x")
    run_all()
    path = "tests.shop.tasks.fail"
    assert [r.getMessage() for r in caplog.records if r.name == "django.tasks"] == [
        f"Task id={result.id} path={path} enqueued backend=default",
        f"Task id={result.id} path={path} state=RUNNING",
        f"Task id={result.id} path={path} state=FAILED",
    ]
    last = [r for r in caplog.records if r.name == "django.tasks"][-1]
    assert (last.levelname, last.exc_info[0]) == ("ERROR", ValueError)


def test_failing_receivers_fail_nothing(caplog):
    def explode(**kwargs):
        raise RuntimeError("receiver")

    every = [
        getattr(module, f"task_{name}")
        for module in (signals, django_signals)
        for name in ("enqueued", "started", "finished")
    ]
    for signal in every:
        signal.connect(explode)
    try:
        result = tasks.add.enqueue(1)
        [bulk] = task_backends["default"].bulk_enqueue([(tasks.add, (2,), {})])
        assert run_one(result).return_value == 1
        bulk.refresh()
        assert bulk.return_value == 2
    finally:
        for signal in every:
            signal.disconnect(explode)
    assert "receiver" in caplog.text
