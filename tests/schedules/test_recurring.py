"""Schedules in code, written to the database."""

import importlib
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reproq_django import recurring as module
from reproq_django.models import PeriodicTask, TaskRun
from reproq_django.recurring import get_recurring_tasks, recurring, sync_recurring_tasks
from tests.backend.running import run_one
from tests.harness.ticks import tick
from tests.shop import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """No schedules but those of the test."""
    monkeypatch.setattr(module, "_registered", {})


def row(name="k"):
    return PeriodicTask.objects.get(name=name)


def fired():
    with connection.cursor() as cursor:
        return tick(cursor)["fired"]


def test_the_decorator_registers_a_task_and_returns_it():
    assert recurring(schedule="*/5 * * * *", key="k")(tasks.add) is tasks.add
    [found] = get_recurring_tasks()
    assert (found.key, found.schedule, found.task) == ("k", "*/5 * * * *", tasks.add)


def test_one_key_is_one_task():
    recurring(schedule="*/5 * * * *", key="k")(tasks.add)
    recurring(schedule="*/6 * * * *", key="k")(importlib.import_module("tests.shop.tasks").add)
    assert [found.schedule for found in get_recurring_tasks()] == ["*/6 * * * *"]
    with pytest.raises(ValueError, match=r"'k' is that of tests\.shop\.tasks\.add already"):
        recurring(schedule="*/5 * * * *", key="k")(tasks.echo)


@pytest.mark.parametrize("options", [{"key": " "}, {"schedule": ""}, {"time_zone": ""}])
def test_nothing_may_be_blank(options):
    with pytest.raises(ValueError, match="must not be blank"):
        recurring(**({"schedule": "* * * * *", "key": "k"} | options))


def test_a_sync_writes_a_row():
    recurring(
        schedule="0 3 * * *",
        key="k",
        args=[timedelta(minutes=1)],
        kwargs={"b": 2},
        priority=7,
        max_attempts=9,
        time_zone="Asia/Kathmandu",
    )(tasks.with_options)
    assert sync_recurring_tasks() == 1
    stored = row()
    assert str(stored) == "k (0 3 * * *)"
    assert stored.task_path == "tests.shop.tasks.with_options"
    assert stored.payload_json["kwargs"] == {"b": 2}
    assert stored.payload_json["args"][0]["__reproq_type__"] == "timedelta"
    assert (stored.queue_name, stored.priority, stored.max_attempts) == ("default", 7, 9)
    assert (stored.concurrency_key, stored.concurrency_limit) == ("shop", 2)
    assert (stored.enabled, stored.last_run_at, stored.last_error) == (True, None, None)
    assert stored.next_run_at > timezone.now()
    assert (stored.next_run_at.hour, stored.next_run_at.minute) == (21, 15)


def test_the_queue_is_the_tasks_unless_one_is_given():
    recurring(schedule="@daily", key="own")(tasks.add.using(queue_name="mail"))
    recurring(schedule="@daily", key="given", queue_name="bulk")(tasks.add)
    recurring(schedule="@daily", key="plain")(tasks.plain_function)
    sync_recurring_tasks()
    assert [row(name).queue_name for name in ("own", "given", "plain")] == [
        "mail",
        "bulk",
        "default",
    ]
    assert row("plain").task_path == "tests.shop.tasks.plain_function"


def test_a_key_may_be_a_function_of_the_arguments():
    recurring(schedule="@daily", key="k", args=[5])(tasks.bill)
    sync_recurring_tasks()
    assert (row().concurrency_key, row().concurrency_limit) == ("customer:5", 2)


def test_a_scheduled_run_gets_its_arguments():
    recurring(schedule="@daily", key="k", args=[timedelta(minutes=1)])(tasks.describe)
    sync_recurring_tasks()
    PeriodicTask.objects.update(next_run_at=timezone.now())
    assert fired() == 1
    run = TaskRun.objects.get()
    assert run.spec_json["periodic_name"] == "k"
    result = run_one(tasks.describe.get_result(str(run.pk)))
    assert result.return_value[0] == "timedelta"


def test_a_sync_that_changes_nothing_writes_nothing():
    recurring(schedule="@daily", key="k")(tasks.add)
    sync_recurring_tasks()
    before = row().updated_at
    with CaptureQueriesContext(
        connection,
    ) as queries:
        sync_recurring_tasks()
    assert [q["sql"].split()[0] for q in queries if "periodic_tasks" in q["sql"]] == ["SELECT"]
    assert row().updated_at == before


def test_a_hundred_syncs_neither_lose_nor_fire_a_slot_that_is_due():
    recurring(schedule="@daily", key="k")(tasks.add)
    sync_recurring_tasks()
    due = timezone.now() - timedelta(minutes=5)
    PeriodicTask.objects.update(next_run_at=due)
    for number in range(100):
        recurring(schedule="@daily", key="k", priority=number % 3)(tasks.add)
        sync_recurring_tasks()
        assert row().next_run_at == due
    assert not TaskRun.objects.exists()
    assert fired() == 1
    assert TaskRun.objects.get().run_after == due
    assert fired() == 0


def test_a_changed_expression_is_taken_over():
    recurring(schedule="0 0 1 1 *", key="k")(tasks.add)
    sync_recurring_tasks()
    far = row().next_run_at
    recurring(schedule="* * * * *", key="k")(tasks.add)
    sync_recurring_tasks()
    assert timezone.now() < row().next_run_at < far
    assert not TaskRun.objects.exists()


def test_what_is_missing_in_the_code_is_disabled_only_on_request():
    PeriodicTask.objects.create(name="by hand", cron_expr="@daily", task_path="a.b")
    recurring(schedule="@daily", key="k")(tasks.add)
    sync_recurring_tasks()
    assert row("by hand").enabled
    sync_recurring_tasks(clear_missing=True)
    assert not row("by hand").enabled
    assert row().enabled


def test_a_schedule_that_cannot_be_read_is_named_and_nothing_is_written():
    recurring(schedule="@daily", key="a")(tasks.add)
    recurring(schedule="0 60 * * *", key="b")(tasks.add)
    with pytest.raises(
        ValueError, match=r"recurring task 'b': cron_expr: field 2 \(hour\): \"60\""
    ):
        sync_recurring_tasks()
    assert not PeriodicTask.objects.exists()


def test_arguments_that_cannot_be_stored_are_named():
    recurring(schedule="@daily", key="k", args=[object()])(tasks.add)
    with pytest.raises(TypeError, match=r"recurring task 'k': .*args\[0\]"):
        sync_recurring_tasks()


@pytest.fixture
def command(capsys):
    def run(*arguments):
        call_command("reproq", "sync-recurring", *arguments)
        return capsys.readouterr().out

    return run


def test_the_command_says_how_many(command):
    assert command() == "No recurring tasks found.\n"
    recurring(schedule="@daily", key="k")(tasks.add)
    assert command() == "Synced 1 recurring task(s) (default).\n"
    PeriodicTask.objects.create(name="by hand", cron_expr="@daily", task_path="a.b")
    assert command("--database", "default", "--clear-missing") == (
        "Synced 1 recurring task(s) (default).\n"
    )
    assert not row("by hand").enabled


def test_the_command_fails_in_a_sentence(command):
    with pytest.raises(CommandError, match="nowhere") as caught:
        command("--database", "nowhere")
    assert caught.value.returncode == 2
    recurring(schedule="soon", key="k")(tasks.add)
    with pytest.raises(CommandError, match="recurring task 'k': cron_expr: has 1 fields") as caught:
        command()
    assert caught.value.returncode == 1
