"""The tools for tests of users' projects."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, connection, transaction
from django.test import TestCase, TransactionTestCase
from django.utils import timezone

from reproq_django.models import PeriodicTask, TaskRun
from reproq_django.testing import TaskFailed, run_all, virtual_clock
from tests.shop import tasks

pytestmark = [pytest.mark.django, pytest.mark.django_db]


def clock_function():
    with connection.cursor() as cursor:
        cursor.execute("select pg_get_functiondef('_reproq_now()'::regprocedure)")
        return cursor.fetchone()[0]


class TestRunAll:
    def test_it_runs_what_is_ready_in_every_queue(self, reproq_run_all):
        first = tasks.add.enqueue(1, 2)
        second = tasks.echo.using(queue_name="other").enqueue()
        later = tasks.echo.enqueue(run_after=timedelta(minutes=1))
        assert {r.id: r.return_value for r in reproq_run_all()} == {
            first.id: 3,
            second.id: [[], {}],
        }
        assert run_all() == []
        later.refresh()
        assert later.raw_status == "SCHEDULED"

    def test_it_runs_one_queue_and_what_is_enqueued_on_the_way(self):
        tasks.enqueue_another.enqueue(2)
        tasks.echo.using(queue_name="other").enqueue()
        assert [r.return_value for r in run_all(["default"])] == [2, 1, 0]

    def test_it_raises_what_a_task_raised(self):
        tasks.fail.enqueue("no luck")
        with pytest.raises(TaskFailed, match=r"(?s)no luck.*in fail"):
            run_all(raise_errors=True)

    def test_it_ends(self):
        tasks.enqueue_another.enqueue(10)
        with pytest.raises(RuntimeError, match="More than 3 tasks"):
            run_all(max_tasks=3)


class TestClock:
    def test_delayed_runs_schedules_and_retries_come_in_order(self, reproq_clock):
        start = reproq_clock.now
        tasks.echo.enqueue("late", run_after=timedelta(days=2))
        tasks.fail.using(max_attempts=2, backoff="1h").enqueue()
        PeriodicTask.objects.create(
            name="nightly",
            cron_expr="0 3 * * *",
            task_path=tasks.add.module_path,
            payload_json=[1],
        )
        done = reproq_clock.advance("3 days")
        assert [result.task.name for result in done].count("add") == 3
        assert [result.task.name for result in done if result.task.name != "add"] == [
            "fail",
            "fail",
            "echo",
        ]
        assert reproq_clock.now == start + timedelta(days=3)
        assert [r.last_attempted_at for r in done] == sorted(r.last_attempted_at for r in done)

    def test_time_may_pass_while_nobody_works(self):
        result = tasks.echo.using(expires_in="1h").enqueue()
        with virtual_clock() as clock:
            assert clock.advance("2 hours", run=False) == []
        result.refresh()
        assert result.raw_status == "FAILED"

    def test_a_rate_limit_lets_runs_through_one_by_one(self, reproq_clock):
        with connection.cursor() as cursor:
            cursor.execute("select reproq_set_rate_limit('global', 0.1, 1)")
        started = reproq_clock.now
        sent = [tasks.echo.enqueue(n) for n in range(3)]
        assert len(reproq_clock.advance("1 minute")) == 3
        for result in sent:
            result.refresh()
        waited = sorted(round((r.started_at - started).total_seconds()) for r in sent)
        assert waited == [0, 10, 20]

    def test_it_can_be_put_to_a_moment_and_is_itself_again_afterwards(self):
        before = clock_function()
        with virtual_clock(datetime(2030, 1, 1, tzinfo=UTC)) as clock:
            assert tasks.echo.enqueue().data.enqueued_at == clock.now
        assert clock_function() == before
        assert abs(tasks.echo.enqueue(2).data.enqueued_at - timezone.now()) < timedelta(minutes=1)

    def test_a_broken_transaction_shows_its_own_error(self):
        def breaks():
            with virtual_clock(), connection.cursor() as cursor:
                cursor.execute("select 1 / 0")

        with pytest.raises(DataError, match="division by zero"), transaction.atomic():
            breaks()


class InTestCase(TestCase):
    def test_both_work_there(self):
        with virtual_clock() as clock:
            tasks.add.enqueue(1, run_after=timedelta(hours=1))
            [result] = clock.advance(timedelta(hours=1))
        assert result.return_value == 1


class InTransactionTestCase(TransactionTestCase):
    def test_both_work_there_and_leave_nothing(self):
        before = clock_function()
        with virtual_clock() as clock:
            tasks.add.enqueue(1, run_after=timedelta(hours=1))
            [result] = clock.advance("1 hour", raise_errors=True)
        assert result.return_value == 1
        assert clock_function() == before
        assert TaskRun.objects.count() == 1
