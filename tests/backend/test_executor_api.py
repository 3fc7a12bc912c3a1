"""reproq_django.executor as cron jobs and serverless functions use it, and the backend's data."""

import builtins
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.tasks import default_task_backend as backend
from django.tasks.base import TaskResultStatus
from django.tasks.exceptions import InvalidTaskBackend, TaskResultDoesNotExist

from reproq_django import executor
from reproq_django.models import QueueControl, TaskRun
from reproq_django.workflows import chain
from reproq_worker.call import call
from reproq_worker.errors import InvalidArgument
from tests.shop import tasks

pytestmark = [pytest.mark.django, pytest.mark.django_db]


def records_read() -> int:
    """How many records this transaction has read, by whatever way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables"
            " where relname = 'task_runs'"
        )
        return cursor.fetchone()[0]


class TestProcessing:
    def test_one(self):
        assert executor.process_one_task() is None
        first, _ = tasks.add.enqueue(1, 2), tasks.add.enqueue(2)
        done = executor.process_one_task(worker_id="cron")
        assert (done.id, done.status, done.return_value) == (first.id, "SUCCESSFUL", 3)
        assert done.worker_ids == ["cron"]

    def test_all_of_them_and_what_they_enqueue(self):
        tasks.enqueue_another.using(queue_name="mail").enqueue(2)
        tasks.add.enqueue(1)
        done = executor.process_tasks()
        assert [result.task.name for result in done].count("enqueue_another") == 3
        assert len(done) == 4
        assert executor.process_tasks() == []

    def test_up_to_so_many_of_a_queue(self):
        for n in range(3):
            tasks.add.using(queue_name="mail").enqueue(n)
        tasks.add.enqueue(9)
        assert len(executor.process_tasks("mail", max_tasks=2)) == 2
        assert executor.process_one_task("other") is None
        assert len(executor.process_tasks("mail")) == 1
        with pytest.raises(ValueError, match="max_tasks"):
            executor.process_tasks(max_tasks=-1)

    def test_a_failure_is_a_result(self):
        tasks.fail.using(max_attempts=1).enqueue("no luck")
        done = executor.process_one_task()
        assert done.status == TaskResultStatus.FAILED
        [error] = done.errors
        assert error.exception_class is builtins.ValueError
        assert error.exception_class_path == "builtins.ValueError"
        assert "no luck" in error.traceback

    def test_the_rules_of_the_queue_hold(self):
        QueueControl.objects.create(queue_name="default", paused=True)
        tasks.add.enqueue(1)
        assert executor.process_tasks() == []
        assert executor.process_tasks("default") == []

    @pytest.mark.django_db(databases=["default", "queues"])
    def test_in_several_databases(self, settings):
        settings.REPROQ_QUEUE_DATABASES = {"mail": "queues"}
        ids = {tasks.add.enqueue(1).id, tasks.add.using(queue_name="mail").enqueue(2).id}
        assert executor.get_task_counts() == {"READY": 2}
        assert {result.id for result in executor.process_tasks()} == ids
        tasks.add.using(queue_name="mail").enqueue(3)
        assert executor.process_one_task("default") is None
        assert executor.fetch_task()["task_id"].startswith("queues:")

    def test_backends_that_are_none(self, settings):
        settings.TASKS = settings.TASKS | {
            "dummy": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}
        }
        with pytest.raises(InvalidTaskBackend):
            executor.process_tasks(backend_name="nowhere")
        with pytest.raises(ValueError, match="no ReproqBackend"):
            executor.process_tasks(backend_name="dummy")


class TestOneByItsId:
    def test_it_is_run_whatever_stands_before_it(self):
        first, second = tasks.add.enqueue(1), tasks.add.enqueue(2)
        done = executor.run_task_by_id(second.id)
        assert (done.id, done.return_value) == (second.id, 2)
        first.refresh()
        assert first.raw_status == "READY"
        assert executor.run_task_by_id(second.id) is None, "it has run"

    def test_what_may_not_run_now_stays_as_it_is(self):
        later = tasks.add.enqueue(1, run_after=timedelta(hours=1))
        tasks.add.enqueue(2, lock_key="till")
        executor.fetch_task()
        blocked = tasks.add.enqueue(3, lock_key="till")
        member = chain((tasks.add, (4,), {}), (tasks.add, (5,), {})).enqueue()[-1]
        for result in (later, blocked, member):
            assert executor.run_task_by_id(result.id) is None
        assert TaskRun.objects.filter(status="RUNNING").count() == 1

    def test_a_failed_one_is_run_anew_where_that_is_allowed(self):
        result = tasks.fail.using(max_attempts=1).enqueue()
        assert executor.run_task_by_id(result.id).status == "FAILED"
        assert executor.run_task_by_id(result.id) is None
        done = executor.run_task_by_id(result.id, allow_retry=True)
        assert (done.status, done.attempts, len(done.errors)) == ("FAILED", 1, 2)

    def test_or_not_at_all(self):
        """Where it could not start after its retry it stays FAILED."""
        result = tasks.fail.using(max_attempts=1).enqueue("x")
        executor.process_tasks()
        QueueControl.objects.create(queue_name="default", paused=True)
        assert executor.run_task_by_id(result.id, allow_retry=True) is None
        result.refresh()
        assert result.raw_status == "FAILED"
        QueueControl.objects.all().delete()
        twin = tasks.fail.using(max_attempts=1).enqueue("x")
        assert executor.run_task_by_id(result.id, allow_retry=True) is None
        assert executor.run_task_by_id(twin.id).id == twin.id

    @pytest.mark.parametrize("bad", ["12345", "0", "x", "", None, 1.5, "nowhere:1"])
    def test_what_is_no_run(self, bad):
        with pytest.raises(TaskResultDoesNotExist):
            executor.run_task_by_id(bad)

    def test_a_transaction_of_the_caller_stays_usable(self):
        result = tasks.fail.using(max_attempts=1).enqueue()
        with transaction.atomic():
            executor.run_task_by_id(result.id)
            executor.run_task_by_id(result.id, allow_retry=True)
            assert TaskRun.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_however_often_it_is_asked_for_it_runs_once(self):
        result = tasks.add.enqueue(1)

        def run(_):
            try:
                return executor.run_task_by_id(result.id)
            finally:
                connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            done = [each for each in pool.map(run, range(8)) if each]
        assert len(done) == 1
        assert TaskRun.objects.get().attempts == 1


class TestFetching:
    def test_fetched_now_and_run_later(self):
        result = tasks.add.enqueue(1)
        data = executor.fetch_task(worker_id="w-1")
        assert (data["task_id"], data["status"], data["lease_no"]) == (result.id, "RUNNING", 1)
        assert executor.fetch_task() is None
        assert backend.run_task(data["task_id"], "w-1") is None, "without its number"
        done = backend.run_task(data["task_id"], "w-1", lease_no=1)
        assert (done.status, done.attempts) == ("SUCCESSFUL", 1)
        assert backend.run_task(data["task_id"], "w-1", lease_no=1) is None

    def test_whose_worker_is_gone_is_given_back(self):
        tasks.add.enqueue(1)
        executor.fetch_task()
        assert executor.claim_stale_tasks() == 0
        with connection.cursor() as cursor:
            cursor.execute(
                "update reproq_leases set lease_length = '0',"
                " leased_until = clock_timestamp() - interval '5 minutes'"
            )
        assert executor.claim_stale_tasks("default", 301) == 0
        assert executor.claim_stale_tasks(claim_timeout=timedelta(minutes=6)) == 0
        assert executor.claim_stale_tasks("default", 299) == 1
        assert executor.process_one_task().status == "SUCCESSFUL"


class TestCounting:
    def test_counts(self):
        tasks.fail.using(max_attempts=1).enqueue()
        tasks.add.enqueue(1)
        executor.process_tasks()
        for n in range(2):
            tasks.add.enqueue(n, b=1)
        tasks.add.enqueue(1, run_after=timedelta(hours=1))
        tasks.add.using(queue_name="mail").enqueue(1)
        executor.fetch_task("mail")
        assert executor.get_task_counts(queue_name="default") == {
            "READY": 2,
            "SCHEDULED": 1,
            "SUCCESSFUL": 1,
            "FAILED": 1,
        }
        assert executor.get_task_counts(queue_name="nowhere") == {}
        assert executor.get_pending_task_count() == 2
        assert executor.get_pending_task_count("mail") == 0
        assert executor.get_queue_stats() == {
            "pending_count": 2,
            "running_count": 1,
            "successful_count": 1,
            "failed_count": 1,
            "delayed_count": 1,
        }

    def test_lists(self):
        ids = [tasks.add.enqueue(n).id for n in range(5)]
        executor.process_tasks(max_tasks=2)
        found, total = executor.get_tasks(limit=2, offset=1)
        assert ([task["task_id"] for task in found], total) == ([ids[3], ids[2]], 5)
        found, total = executor.get_tasks(status="SUCCESSFUL")
        assert ([task["args_json"] for task in found], total) == ([[1], [0]], 2)
        assert executor.get_tasks(queue_name="mail") == ([], 0)
        assert executor.get_task_by_id(ids[0])["return_value_json"] == 0
        assert executor.get_task_by_id("x") is None
        with pytest.raises(InvalidArgument, match="status"):
            executor.get_tasks(status="DONE")

    def test_a_status_is_found_without_reading_the_others(self):
        """No index knows it, and a table of a million runs takes most of a second to read."""
        with connection.cursor() as cursor:
            cursor.execute(
                "insert into task_runs (spec_json, spec_hash, dedup, status, finished_at)"
                " select '{\"task_path\": \"a.b\"}', lpad(n::text, 64, '0'), false, 'SUCCESSFUL',"
                " now() from generate_series(1, 2000) n"
            )
        tasks.fail.using(max_attempts=1).enqueue()
        executor.process_tasks()
        for n in range(2):
            tasks.add.enqueue(n, lock_key="one at a time")
        with connection.cursor() as cursor:
            call(cursor, "claim", worker_id="w", max_tasks=2)
        chain((tasks.add, (1,), {}), (tasks.add, (2,), {})).enqueue()
        tasks.add.enqueue(3, run_after=timedelta(hours=1))
        with connection.cursor() as cursor:
            cursor.execute("analyze task_runs")  # as autovacuum does, but not on time
        for status in ("FAILED", "RUNNING", "BLOCKED", "READY", "WAITING", "SCHEDULED"):
            before = records_read()
            [task], total = executor.get_tasks(status=status)
            assert (task["status"], total) == (status, 1)
            assert records_read() - before < 20, status
            assert executor.get_tasks(status=status, queue_name="elsewhere") == ([], 0)
        assert executor.get_tasks(status="SUCCESSFUL", limit=0) == ([], 2000)


class TestClearing:
    def test_purge(self):
        for n in range(3):
            tasks.add.enqueue(n)
        tasks.fail.using(max_attempts=1).enqueue()
        executor.process_tasks()
        assert executor.purge_completed_tasks() == 0
        TaskRun.objects.update(finished_at="2020-01-01T00:00Z")
        assert executor.purge_completed_tasks(statuses=["FAILED"]) == 1
        assert executor.purge_completed_tasks(statuses=[TaskResultStatus.SUCCESSFUL]) == 3
        assert executor.purge_completed_tasks(statuses=[]) == 0

    def test_in_batches(self, monkeypatch):
        monkeypatch.setattr("reproq_django.executor.api._BATCH", 2)
        for n in range(5):
            tasks.add.enqueue(n)
        executor.process_tasks()
        assert executor.purge_completed_tasks(days=0) == 5

    def test_delete(self):
        done, waiting = tasks.add.enqueue(1), tasks.add.enqueue(2)
        first, second = chain((tasks.add, (3,), {}), (tasks.add, (4,), {})).enqueue()
        executor.run_task_by_id(done.id)
        assert executor.delete_task(done.id)
        assert not executor.delete_task(done.id)
        assert executor.delete_tasks([waiting.id, "x", first.id]) == 2
        second.refresh()
        assert second.raw_status == "FAILED", "what waits for it ends with it"

    def test_what_is_running_stays(self):
        result = tasks.add.enqueue(1)
        data = executor.fetch_task()
        assert not executor.delete_task(result.id)
        result.refresh()
        assert (result.raw_status, result.data.cancel_requested) == ("RUNNING", False)
        backend.run_task(result.id, lease_no=data["lease_no"])

    def test_a_new_start(self):
        result = tasks.fail.using(max_attempts=1).enqueue()
        assert not executor.reset_task_for_retry(result.id)
        executor.process_tasks()
        assert executor.reset_task_for_retry(result.id)
        assert executor.get_pending_task_count() == 1
        with pytest.raises(TaskResultDoesNotExist):
            executor.reset_task_for_retry("12345")


def test_a_claim_of_given_runs_is_one_call():
    """What another language would say."""
    result = tasks.add.enqueue(1)
    with connection.cursor() as cursor:
        [row] = call(cursor, "claim", worker_id="w", result_ids=[result.result_id])
    assert row["result_id"] == result.result_id
