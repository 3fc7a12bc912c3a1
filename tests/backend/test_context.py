"""The context of a task and its metadata."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from asgiref.sync import async_to_sync
from django.db import transaction
from django.tasks import default_task_backend
from django.tasks.exceptions import TaskResultDoesNotExist

from reproq_django.context import ReproqContext
from reproq_django.executor.loading import load
from reproq_django.models import TaskRun
from reproq_worker.errors import LeaseNotCurrent
from tests.backend.running import claim, finish, run_one
from tests.shop import tasks

pytestmark = pytest.mark.django_db


def test_the_context_tells_about_the_run():
    result = tasks.see_context.using(priority=4).enqueue(1, 2)
    default_task_backend.save_metadata(result.id, {"step": "queued"})
    seen = run_one(result).return_value
    assert seen == {
        "result_id": result.result_id,
        "id": result.id,
        "attempt": 1,
        "task_path": "tests.shop.tasks.see_context",
        "queue_name": "default",
        "priority": 4,
        "db_alias": "default",
        "lease_no": 1,
        "metadata": {"step": "queued"},
        "args": [1, 2],
    }


def test_the_attempt_counts():
    result = tasks.see_context.enqueue()
    [run] = claim()
    finish(run, {"outcome": "fail", "error": {"message": "m"}, "retry": True, "retry_in": 0})
    assert run_one(result).return_value["attempt"] == 2


@pytest.mark.parametrize("fail", [False, True])
def test_metadata_is_saved_at_the_end_whatever_the_end(fail):
    result = run_one(tasks.report_progress.enqueue(fail=fail))
    assert result.metadata == {"step": "left"}
    assert result.raw_status == ("SCHEDULED" if fail else "SUCCESSFUL")


def test_metadata_is_saved_at_once_when_asked():
    result = tasks.report_progress.enqueue()
    [run] = claim()
    context = load(run)
    context.metadata["step"] = "starting"
    context.save_metadata()
    result.refresh()
    assert (result.metadata, result.status) == ({"step": "starting"}, "RUNNING")


def test_metadata_that_was_put_back_is_put_back():
    result = tasks.put_metadata_back.enqueue()
    default_task_backend.save_metadata(result.id, {"step": "queued"})
    assert run_one(result).metadata == {"step": "queued"}


def test_metadata_that_the_task_does_not_touch_may_be_changed_from_outside():
    result = tasks.see_context.enqueue()
    [run] = claim()
    default_task_backend.save_metadata(result.id, {"step": "outside"})
    from reproq_django import executor

    finish(run, executor.execute(run))
    result.refresh()
    assert result.metadata == {"step": "outside"}


def test_metadata_that_cannot_be_saved_does_not_undo_the_work(caplog):
    result = run_one(tasks.spoil_metadata.enqueue())
    assert (result.return_value, result.metadata) == ("done", {})
    assert f"Metadata of task run {result.id} not saved" in caplog.text


def test_async_save():
    result = run_one(tasks.report_progress_async.enqueue())
    assert (result.status, result.metadata) == ("SUCCESSFUL", {"price": "1.20"})


def test_a_worker_that_lost_its_lease_saves_nothing_and_can_go_on():
    result = tasks.report_progress.enqueue()
    [run] = claim()
    context = load(run)
    finish(run, {"outcome": "release"})
    claim()
    with transaction.atomic():
        context.metadata["step"] = "too late"
        with pytest.raises(LeaseNotCurrent):
            context.save_metadata()
        assert TaskRun.objects.get().metadata_json == {}
    assert isinstance(context, ReproqContext)
    assert result.metadata == {}


def test_metadata_is_normalised():
    result = tasks.add.enqueue(1)
    default_task_backend.save_metadata(
        result.id,
        {"d": Decimal("1.2"), "u": UUID(int=1), "t": datetime(2024, 1, 1, tzinfo=UTC), "n": (1,)},
    )
    assert result.metadata == {
        "d": "1.2",
        "u": "00000000-0000-0000-0000-000000000001",
        "t": "2024-01-01T00:00:00+00:00",
        "n": [1],
    }
    async_to_sync(default_task_backend.asave_metadata)(result.id, {"step": 2})
    result.refresh()
    assert result.metadata == {"step": 2}


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ([1], TypeError),
        ({"a": {"b": object()}}, TypeError),
        ({"a": float("nan")}, ValueError),
        ({"a": "\x00"}, ValueError),
    ],
)
def test_bad_metadata_is_refused(metadata, error):
    result = tasks.add.enqueue(1)
    with pytest.raises(error, match="metadata"):
        default_task_backend.save_metadata(result.id, metadata)


@pytest.mark.parametrize("result_id", ["999999", "x", ""])
def test_metadata_of_an_unknown_run(result_id):
    with transaction.atomic():
        with pytest.raises(TaskResultDoesNotExist):
            default_task_backend.save_metadata(result_id, {})
        assert not TaskRun.objects.exists()
