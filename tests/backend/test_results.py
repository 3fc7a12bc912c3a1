"""Results: Django's TaskResult over a row, in every status."""

import sys
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.tasks import TaskResult, default_task_backend
from django.tasks.exceptions import TaskResultDoesNotExist, TaskResultMismatch
from django.utils import timezone

from reproq_django.models import TaskRun
from reproq_django.results import task_error
from reproq_worker import errors
from tests.backend.running import claim, finish, run_all, run_one
from tests.harness.ticks import tick
from tests.shop import tasks

pytestmark = pytest.mark.django_db


def in_status(status):
    """The result of a row with this status, written by hand."""
    result = tasks.add.enqueue(1, b=2)
    ended = status in TaskRun.FINISHED
    with connection.cursor() as cursor:
        # A function's search path: for others, writing a status is refused.
        cursor.execute("set local search_path = public, pg_temp")
        cursor.execute(
            "update task_runs set status = %s, finished_at = case when %s then now() end,"
            " leased_until = case when %s then now() end where result_id = %s",
            [status, ended, status == "RUNNING", result.result_id],
        )
    return default_task_backend.get_result(result.id)


@pytest.mark.breaks_invariants
@pytest.mark.parametrize(
    ("raw", "status", "finished"),
    [
        ("SCHEDULED", "READY", False),
        ("WAITING", "READY", False),
        ("BLOCKED", "READY", False),
        ("READY", "READY", False),
        ("RUNNING", "RUNNING", False),
        ("SUCCESSFUL", "SUCCESSFUL", True),
        ("FAILED", "FAILED", True),
        ("CANCELLED", "FAILED", True),
    ],
)
def test_statuses(raw, status, finished):
    result = in_status(raw)
    assert isinstance(result, TaskResult)
    assert (result.raw_status, result.status, result.is_finished) == (raw, status, finished)


def test_a_run_that_succeeded():
    result = tasks.add.enqueue(1, b=2)
    with pytest.raises(ValueError, match="not finished"):
        _ = result.return_value
    with pytest.raises(RuntimeError, match=f"Task {result.id} has status READY, result not avail"):
        _ = result.result
    run_all()
    assert result.status == "READY"
    result.refresh()
    assert (result.status, result.raw_status) == ("SUCCESSFUL", "SUCCESSFUL")
    assert (result.result, result.return_value) == (3, 3)
    assert (result.args, result.kwargs, result.backend) == ([1], {"b": 2}, "default")
    assert (result.attempts, result.worker_ids, result.errors) == (1, ["w1"], [])
    assert result.enqueued_at <= result.started_at <= result.last_attempted_at
    assert result.last_attempted_at <= result.finished_at
    assert result.data.finished_at == result.finished_at
    assert result.result_id == result.data.result_id == int(result.id)
    assert result.metadata == result.data.metadata_json == {}
    assert tasks.add.get_result(result.id).return_value == 3


def test_a_run_that_returned_none_is_not_one_without_a_result():
    result = run_one(tasks.report_progress.enqueue())
    assert (result.status, result.return_value) == ("SUCCESSFUL", None)


def test_a_run_that_failed_and_is_tried_again():
    result = run_one(tasks.fail.enqueue("first"))
    assert (result.status, result.raw_status, result.is_finished) == ("READY", "SCHEDULED", False)
    assert (result.attempts, len(result.errors)) == (1, 1)
    assert result.errors[0].exception_class is ValueError
    assert "ValueError: first" in result.errors[0].traceback


def test_a_run_that_failed_for_good():
    result = run_one(tasks.fail.using(max_attempts=1).enqueue("x" * 3000))
    assert (result.status, result.is_finished) == ("FAILED", True)
    with pytest.raises(ValueError, match="failed"):
        _ = result.return_value
    with pytest.raises(RuntimeError, match=f"Task {result.id} failed with errors: .*xxx"):
        _ = result.result
    row = result.data
    assert (len(row.last_error), row.failed_at) == (1024, row.finished_at)
    [entry] = row.errors_json
    assert entry.keys() >= {"kind", "exception_class", "traceback", "message", "attempt", "at"}
    assert (entry["kind"], entry["attempt"], entry["worker_id"]) == ("app_error", 1, "w1")


def test_attempts_are_the_column_and_not_the_claims():
    result = tasks.add.enqueue(1)
    for _ in range(2):
        [run] = claim()
        finish(run, {"outcome": "release"})
    run_one(result)
    assert (result.attempts, result.worker_ids) == (1, ["w1", "w1", "w1"])


def test_refresh_of_a_row_that_is_gone():
    result = tasks.add.enqueue(1)
    TaskRun.objects.all().delete()
    with pytest.raises(TaskResultDoesNotExist):
        result.refresh()
    with pytest.raises(TaskResultDoesNotExist):
        async_to_sync(result.arefresh)()


def test_wait_returns_the_finished_result():
    result = tasks.add.enqueue(1)
    run_all()
    assert result.wait(timeout=5) is result
    assert result.return_value == 1
    assert async_to_sync(result.await_result)(timeout=5) is result


def test_wait_gives_up_in_time():
    result = tasks.add.enqueue(1)
    with pytest.raises(TimeoutError, match="READY"):
        result.wait(timeout=0.05, poll_interval=0.01)
    with pytest.raises(TimeoutError):
        async_to_sync(result.await_result)(timeout=0)


def test_wait_reads_until_the_run_has_finished(monkeypatch):
    result = tasks.add.enqueue(1)
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        run_all()

    monkeypatch.setattr("reproq_django.waiting.time.sleep", sleep)
    assert result.wait(poll_interval=0.25).return_value == 1
    assert pauses == [0.25]


def test_the_task_of_a_stored_result_has_the_values_of_its_run():
    at = timezone.now() + timedelta(hours=1)
    enqueued = tasks.add.using(queue_name="mail", priority=3, run_after=at).enqueue(1)
    stored = default_task_backend.get_result(enqueued.id).task
    assert (stored.func, stored.queue_name) == (tasks.add.func, "mail")
    assert (stored.priority, stored.run_after) == (3, at)


def test_a_stored_run_need_not_be_valid_today(settings):
    result = tasks.add.using(queue_name="mail").enqueue(1)
    settings.TASKS = {"default": {"BACKEND": "reproq_django.backend.ReproqBackend"}}
    assert default_task_backend.get_result(result.id).task.queue_name == "mail"


@pytest.mark.parametrize(
    "path", ["no.such.module", "tests.shop.tasks.gone", "tests.shop.tasks.plain_function"]
)
def test_a_result_whose_task_cannot_be_imported_can_still_be_read(path):
    result = tasks.add.enqueue(1)
    TaskRun.objects.update(task_path=path)
    found = default_task_backend.get_result(result.id)
    assert (found.status, found.args, found.task.module_path) == ("READY", [1], path)
    with pytest.raises(ImportError, match=path):
        found.task.call()
    with pytest.raises(TaskResultMismatch):
        tasks.add.get_result(result.id)
    found.refresh()


@pytest.mark.parametrize("module", ["tests.shop.{name}", "{name}"])
def test_reading_a_result_survives_its_module_and_imports_only_what_may_run(
    module, tmp_path, monkeypatch
):
    from tests import shop

    name = "module_that_leaves"
    (tmp_path / f"{name}.py").write_text("import sys\nsys.leaving = 1\nsys.exit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(shop, "__path__", [*shop.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "leaving", 0, raising=False)
    path = f"{module.format(name=name)}.task"
    result = tasks.add.enqueue(1)
    TaskRun.objects.update(task_path=path)
    assert default_task_backend.get_result(result.id).task.module_path == path
    assert sys.leaving == ("tests." in module)


def test_a_row_of_a_backend_that_is_not_configured_reads_as_ours():
    result = tasks.add.enqueue(1)
    TaskRun.objects.update(backend_alias="gone")
    assert default_task_backend.get_result(result.id).backend == "default"


def test_errors_of_every_kind_name_a_class_that_can_be_imported():
    for kind, error_class in errors.ERROR_KINDS.items():
        error = task_error({"kind": kind, "message": "m"})
        assert error.exception_class is error_class
        assert error.traceback == "m"
    assert task_error({"kind": "reclaim"}).exception_class is errors.ReproqError


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_ends_that_the_database_records_have_a_class(end):
    if end == "expired":
        result = tasks.add.using(expires_in=0.001).enqueue(1)
    else:
        result = tasks.add.enqueue(1)
    with connection.cursor() as cursor:
        if end == "expired":
            cursor.execute("select pg_sleep(0.01)")
            tick(cursor)
        else:
            cursor.execute("select reproq_cancel(%s)", [result.result_id])
    result.refresh()
    assert result.status == "FAILED"
    assert [e.exception_class for e in result.errors] == [errors.ERROR_KINDS[end]]


def test_result_ttl(settings):
    settings.TASKS = {
        "default": {
            "BACKEND": "reproq_django.backend.ReproqBackend",
            "OPTIONS": {"RESULT_TTL": 0.001},
        }
    }
    result = run_one(tasks.add.enqueue(1))
    with connection.cursor() as cursor:
        cursor.execute("select pg_sleep(0.01)")
        tick(cursor)
    with pytest.raises(TaskResultDoesNotExist):
        default_task_backend.get_result(result.id)


def test_an_enqueue_reads_nothing_until_asked(django_assert_num_queries):
    with django_assert_num_queries(1):
        result = tasks.add.enqueue(1)
    with django_assert_num_queries(1):
        assert (result.raw_status, result.metadata, result.data.priority) == ("READY", {}, 0)
