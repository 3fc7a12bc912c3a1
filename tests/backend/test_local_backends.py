"""EagerBackend and RecordingBackend: what a user's tests take in place of the real one."""

from datetime import timedelta
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.tasks import default_task_backend
from django.tasks.base import task as stock_task
from django.tasks.exceptions import InvalidTask, TaskResultDoesNotExist
from django.tasks.signals import task_enqueued, task_finished, task_started
from django.test import override_settings

from reproq_django.exceptions import Cancel, Retry
from reproq_django.task_class import ReproqTask
from tests.shop import tasks

pytestmark = pytest.mark.django

EAGER = "reproq_django.backend.EagerBackend"
RECORDING = "reproq_django.backend.RecordingBackend"


def using(backend, **settings):
    return override_settings(TASKS={"default": {"BACKEND": backend, "QUEUES": []} | settings})


@pytest.fixture
def eager():
    with using(EAGER):
        yield default_task_backend


@pytest.fixture
def recording():
    with using(RECORDING):
        yield default_task_backend


@pytest.mark.parametrize("backend", [EAGER, RECORDING])
class TestBoth:
    def test_arguments_are_encoded_as_for_the_real_one(self, backend):
        with using(backend):
            value = [Decimal("1.20"), timedelta(days=1), (1, 2)]
            result = tasks.describe.enqueue(value)
            assert result.args == [[Decimal("1.20"), timedelta(days=1), [1, 2]]]
            with pytest.raises(TypeError, match=r"args\[0\]\.x"):
                tasks.describe.enqueue({"x": {1}})

    def test_all_options_are_taken(self, backend):
        with using(backend, OPTIONS={"MAX_ATTEMPTS": 3}):
            result = tasks.with_options.using(run_after=timedelta(minutes=5)).enqueue(
                2, priority=4, lock_key="x"
            )
            assert (result.task.priority, result.task.lock_key) == (4, "x")
            assert result.kwargs == {}
            with pytest.raises(TypeError, match="concurrency_limit"):
                tasks.add.enqueue(1, concurrency_limit="x")

    def test_their_tasks_are_ours(self, backend):
        with using(backend):
            assert isinstance(stock_task(tasks.plain_function), ReproqTask)

    def test_a_stock_task_is_taken(self, backend):
        stock = {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}
        with override_settings(TASKS={"default": {"BACKEND": backend}, "now": stock}):
            made = stock_task(backend="now")(tasks.add.func).using(backend="default")
            assert made.enqueue(1, b=2, priority=3).task.priority == 3

    def test_results_are_found_by_id(self, backend):
        with using(backend):
            first, second = tasks.add.enqueue(1), tasks.add.enqueue(1)
            assert first.id != second.id
            assert tasks.add.get_result(second.id) == second
            assert async_to_sync(tasks.add.aget_result)(first.id) == first
            with pytest.raises(TaskResultDoesNotExist):
                default_task_backend.get_result("77")
            default_task_backend.clear()
            with pytest.raises(TaskResultDoesNotExist):
                default_task_backend.get_result(first.id)

    def test_bulk_enqueue_is_all_or_none_and_keeps_the_order(self, backend):
        with using(backend):
            calls = [(tasks.add, [1], {"b": 2}), (tasks.add, (3,), {"priority": 4})]
            first, second = default_task_backend.bulk_enqueue(iter(calls))
            assert (first.kwargs, second.args, second.task.priority) == ({"b": 2}, [3], 4)
            with pytest.raises(TypeError, match=r"args\[0\]"):
                default_task_backend.bulk_enqueue([*calls, (tasks.add, [object()], {})])
            [third] = async_to_sync(default_task_backend.abulk_enqueue)(calls[:1])
            assert [r.id for r in default_task_backend.results] == [first.id, second.id, third.id]

    def test_metadata_from_outside(self, backend):
        with using(backend):
            result = tasks.add.enqueue(1)
            default_task_backend.save_metadata(result.id, {"price": Decimal("1.20")})
            assert default_task_backend.get_result(result.id).metadata == {"price": "1.20"}
            async_to_sync(default_task_backend.asave_metadata)(result.id, {})
            assert default_task_backend.get_result(result.id).metadata == {}
            with pytest.raises(TaskResultDoesNotExist):
                default_task_backend.save_metadata("77", {})

    def test_validation_is_that_of_the_real_one(self, backend):
        with using(backend, QUEUES=["default"], OPTIONS={"NONSENSE": 1}):
            with pytest.raises(InvalidTask, match="QUEUES"):
                tasks.add.using(queue_name="mail")
            assert [e.id for e in default_task_backend.check()] == ["reproq.E001"]

    def test_the_enqueued_signal(self, backend):
        seen = []

        def receiver(task_result, **kwargs):
            seen.append(task_result.id)

        task_enqueued.connect(receiver)
        try:
            with using(backend):
                result = async_to_sync(tasks.add.aenqueue)(1)
        finally:
            task_enqueued.disconnect(receiver)
        assert seen == [result.id]


def test_recording_runs_nothing(recording):
    result = tasks.fail.enqueue("x")
    assert (result.status, result.raw_status) == ("READY", "READY")
    assert [r.task.func for r in recording.results] == [tasks.fail.func]
    result.args.append("changed by the caller")
    assert recording.results[0].args == ["x"]
    with pytest.raises(TimeoutError):
        result.wait(timeout=0)


def test_eager_runs_at_once(eager):
    result = tasks.add.enqueue(1, b=2)
    assert (result.status, result.return_value, result.result) == ("SUCCESSFUL", 3, 3)
    assert (result.attempts, len(result.worker_ids)) == (1, 1)
    assert result.enqueued_at <= result.started_at <= result.finished_at
    assert result.wait() is result
    assert tasks.add_later.enqueue(1, 2).return_value == 3
    assert async_to_sync(tasks.add_later.aenqueue)(1, 2).status == "SUCCESSFUL"


def test_eager_failures(eager):
    result = tasks.fail.enqueue("no luck")
    assert (result.status, result.errors[0].exception_class) == ("FAILED", ValueError)
    with pytest.raises(RuntimeError, match="no luck"):
        _ = result.result
    assert tasks.ask_for_retry.enqueue().errors[0].exception_class is Retry
    cancelled = tasks.cancel_itself.enqueue()
    assert (cancelled.raw_status, cancelled.status) == ("CANCELLED", "FAILED")
    assert cancelled.errors[0].exception_class is Cancel
    assert tasks.return_what_is_not_json.enqueue("date").errors[0].exception_class is TypeError


def test_eager_lets_a_keyboard_interrupt_through(eager, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("reproq_django.executor.attempt._call", interrupt)
    with pytest.raises(KeyboardInterrupt):
        tasks.add.enqueue(1)


def test_eager_context_and_metadata(eager):
    seen = tasks.see_context.using(priority=3).enqueue(1).return_value
    assert (seen["attempt"], seen["priority"], seen["args"]) == (1, 3, [1])
    assert (seen["db_alias"], seen["lease_no"], seen["metadata"]) == ("default", 1, {})
    assert tasks.report_progress.enqueue().metadata == {"step": "left"}
    assert tasks.report_progress.enqueue(fail=True).metadata == {"step": "left"}
    assert tasks.report_progress_async.enqueue().metadata == {"price": "1.20"}


def test_eager_sends_djangos_signals(eager):
    seen = []

    def started(task_result, **kwargs):
        seen.append(("started", str(task_result.status)))

    def finished(task_result, **kwargs):
        seen.append(("finished", str(task_result.status)))

    task_started.connect(started)
    task_finished.connect(finished)
    try:
        tasks.add.enqueue(1)
        tasks.fail.enqueue(1)
    finally:
        task_started.disconnect(started)
        task_finished.disconnect(finished)
    assert seen == [
        ("started", "RUNNING"),
        ("finished", "SUCCESSFUL"),
        ("started", "RUNNING"),
        ("finished", "FAILED"),
    ]
