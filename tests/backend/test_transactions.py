"""Enqueue belongs to the caller's transaction; Django's test cases empty the tables."""

import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.core.handlers.base import BaseHandler
from django.core.management import call_command
from django.db import connection, transaction
from django.test import RequestFactory, TestCase, TransactionTestCase, override_settings

from reproq_django.models import PeriodicTask, QueueControl, RateLimit, TaskRun, Worker, WorkflowRun
from tests.backend.running import claim, run_all
from tests.shop import tasks
from tests.shop.models import Receipt

TICKETS = ("reproq_ready", "reproq_scheduled", "reproq_leases", "reproq_edges", "reproq_blocked")


def counted(table):
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
class TestTransactions:
    def test_a_rollback_takes_the_enqueue_along(self):
        with transaction.atomic():
            tasks.add.enqueue(1)
            assert TaskRun.objects.count() == 1
            transaction.set_rollback(True)
        assert not TaskRun.objects.exists()

    def test_others_see_it_after_the_commit(self, django_dsn):
        with psycopg.connect(django_dsn, autocommit=True) as other:
            with transaction.atomic():
                tasks.add.enqueue(1)
                query = "select count(*) from task_runs"
                assert other.execute(query).fetchone() == (0,)
            assert other.execute(query).fetchone() == (1,)

    def test_an_equal_enqueue_waits_for_an_open_transaction_and_joins_it(self, django_dsn):
        self.check_against_open_transaction(django_dsn, commit=True)

    def test_an_equal_enqueue_takes_over_after_a_rollback(self, django_dsn):
        self.check_against_open_transaction(django_dsn, commit=False)

    def check_against_open_transaction(self, dsn, *, commit):
        ids = []

        def enqueue():
            # As a view under ATOMIC_REQUESTS: its transaction stays usable after the join.
            with transaction.atomic():
                ids.append(tasks.add.enqueue(1).id)
                ids.append(tasks.add.enqueue(2).id)
            connection.close()

        thread = threading.Thread(target=enqueue)
        with transaction.atomic():
            first = tasks.add.enqueue(1)
            thread.start()
            self.wait_until_blocked(dsn)
            transaction.set_rollback(not commit)
        thread.join(10)
        assert len(ids) == 2
        assert (ids[0] == first.id) is commit
        assert TaskRun.objects.count() == 2

    def wait_until_blocked(self, dsn):
        with psycopg.connect(dsn, autocommit=True) as other:
            for _ in range(500):
                waiting = other.execute(
                    "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
                    " and datname = current_database()"
                ).fetchone()
                if waiting:
                    return
                time.sleep(0.01)
        pytest.fail("the second enqueue did not wait")

    def test_atomic_requests(self):
        def view(request):
            tasks.add.enqueue(1)
            if request.GET:
                raise ValueError("after the enqueue")

        connection.settings_dict["ATOMIC_REQUESTS"] = True
        try:
            atomic_view = BaseHandler().make_view_atomic(view)
            with pytest.raises(ValueError):
                atomic_view(RequestFactory().get("/", {"fail": 1}))
            assert not TaskRun.objects.exists()
            atomic_view(RequestFactory().get("/"))
            atomic_view(RequestFactory().get("/"))
        finally:
            connection.settings_dict["ATOMIC_REQUESTS"] = False
        assert TaskRun.objects.count() == 1

    def test_flush_empties_every_table(self):
        tasks.add.enqueue(1)
        tasks.add.enqueue(2, run_after=timedelta(days=1))
        claim(max_tasks=1)
        Receipt.objects.create(run=TaskRun.objects.first())
        PeriodicTask.objects.create(
            name="n", cron_expr="* * * * *", task_path="tests.shop.tasks.add"
        )
        RateLimit.objects.create(key="queue:mail")
        QueueControl.objects.create(queue_name="mail")
        with connection.cursor() as cursor:
            node = '[{"task_path": "a.b", "key": "a"}]'
            cursor.execute("select reproq_enqueue_workflow(%s)", [node])
            assert WorkflowRun.objects.get().status == "RUNNING"
            cursor.execute("select reproq_register_worker('w', 'h', 1, '{default}', '1')")
        call_command("flush", interactive=False, verbosity=0)
        for model in (TaskRun, PeriodicTask, RateLimit, QueueControl, WorkflowRun, Worker, Receipt):
            assert not model.objects.exists(), model
        assert {table: counted(table) for table in TICKETS} == dict.fromkeys(TICKETS, 0)
        # And the queue works as on the first day.
        tasks.add.enqueue(1)
        assert len(run_all()) == 1

    def test_a_foreign_key_to_a_run(self):
        result = tasks.add.enqueue(1)
        Receipt.objects.create(run_id=result.result_id)
        assert Receipt.objects.get().run.task_path == "tests.shop.tasks.add"
        TaskRun.objects.all().delete()
        assert not Receipt.objects.exists()


class TestInsideTestCase(TestCase):
    """The whole life of a run inside the transaction of Django's TestCase."""

    def test_a_run(self):
        result = tasks.add.enqueue(1)
        run_all()
        result.refresh()
        assert result.return_value == 1

    def test_each_test_begins_empty(self):
        assert not TaskRun.objects.exists()

    def test_on_commit(self):
        with self.captureOnCommitCallbacks(execute=True):
            transaction.on_commit(lambda: tasks.add.enqueue(1))
        assert TaskRun.objects.count() == 1


class TestInsideTransactionTestCase(TransactionTestCase):
    def test_a_run(self):
        assert not TaskRun.objects.exists()
        tasks.add.enqueue(1)
        run_all()

    def test_another_run(self):
        assert not TaskRun.objects.exists()
        tasks.add.enqueue(1)

    @override_settings(USE_TZ=False)
    def test_a_third(self):
        assert counted("reproq_ready") == 0
        result = tasks.add.enqueue(1)
        run_all()
        result.refresh()
        assert result.status == "SUCCESSFUL"
