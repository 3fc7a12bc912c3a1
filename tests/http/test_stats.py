"""stats/ and stress-test/."""

import re
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError, connections
from django.db.models.functions import Now
from django.test import Client

from reproq_django import counts
from reproq_django.executor import process_tasks
from reproq_django.models import PeriodicTask, QueueControl, TaskRun, Worker
from reproq_worker.call import call
from tests.shop import tasks

pytestmark = [pytest.mark.django, pytest.mark.django_db]
BOTH = pytest.mark.django_db(databases=["default", "queues"])
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@pytest.fixture
def stats(bearer):
    def stats():
        response = Client().get("/reproq/stats/", headers=bearer)
        assert response.status_code == 200, response.content
        return response.json()

    return stats


def grouped(*columns, using="default"):
    named = ", ".join(columns)
    with connections[using].cursor() as cursor:
        cursor.execute(f"select {named}, count(*) from task_runs group by {named}")
        return cursor.fetchall()


def test_an_empty_queue(stats):
    assert stats() == {
        "tasks": {},
        "queues": {},
        "workers": [],
        "periodic": [],
        "queue_controls": [],
        "worker_health": {"alive": 0, "dead": 0},
        "scheduler": {
            "mode": "beat",
            "low_memory": False,
            "beat_enabled": True,
            "beat_configured": True,
            "pg_cron_available": False,
        },
        "top_failing": [],
        "databases": [
            {
                "alias": "default",
                "tasks": {},
                "queues": {},
                "workers": [],
                "periodic": [],
                "finished_within": None,
            }
        ],
    }


def test_the_counts_are_those_of_the_table(stats):
    for n in range(3):
        tasks.add.enqueue(n)
    tasks.fail.using(max_attempts=1).enqueue("a")
    tasks.fail.using(max_attempts=1).enqueue("b")
    tasks.exit_process.using(max_attempts=1).enqueue()
    tasks.add.using(queue_name="mail").enqueue(1)
    process_tasks("default")
    tasks.add.enqueue(9, run_after=timedelta(hours=1))
    tasks.add.enqueue(10, lock_key="l")
    shown = stats()
    assert shown["tasks"] == dict(grouped("status"))
    assert {
        (queue, status, number)
        for queue, found in shown["queues"].items()
        for status, number in found.items()
    } == set(grouped("queue_name", "status"))
    assert shown["top_failing"] == [
        {"task_path": "tests.shop.tasks.fail", "count": 2},
        {"task_path": "tests.shop.tasks.exit_process", "count": 1},
    ]


def test_in_a_large_table_finished_runs_are_counted_as_far_back_as_is_quick(monkeypatch):
    tasks.add.enqueue(1)
    process_tasks()
    TaskRun.objects.update(finished_at=Now() - timedelta(days=2))
    for n in range(2, 5):
        tasks.add.enqueue(n)
    process_tasks()
    monkeypatch.setattr(counts, "call", lambda cursor, name: call(cursor, name, max_tasks=3))
    assert counts.by_queue("default") == ({"default": {"SUCCESSFUL": 3}}, timedelta(days=1))


def test_workers_schedules_and_pauses_have_exactly_these_keys(stats):
    Worker.objects.create(worker_id="w-1", hostname="h", concurrency=4, queues=["a"], version="1")
    Worker.objects.create(worker_id="w-2", last_seen_at=Now() - timedelta(minutes=3))
    PeriodicTask.objects.create(name="n", cron_expr="0 3 * * *", task_path="shop.tasks.n")
    QueueControl.objects.create(queue_name="mail", paused=True, reason="the relay is down")
    shown = stats()
    worker, other = shown["workers"]
    [periodic], [control] = shown["periodic"], shown["queue_controls"]
    for row, name in [
        (worker, "last_seen_at"),
        (periodic, "next_run_at"),
        (control, "updated_at"),
        (control, "paused_at"),
    ]:
        assert RFC3339.fullmatch(row.pop(name)), name
    assert worker == {
        "worker_id": "w-1",
        "hostname": "h",
        "concurrency": 4,
        "queues": ["a"],
        "version": "1",
        "database": "default",
    }
    assert (other["version"], other["queues"]) == (None, [])
    assert periodic == {
        "name": "n",
        "cron_expr": "0 3 * * *",
        "enabled": True,
        "queue_name": "default",
        "database": "default",
    }
    assert control == {
        "queue_name": "mail",
        "paused": True,
        "reason": "the relay is down",
        "database": "default",
    }
    assert shown["worker_health"] == {"alive": 1, "dead": 1}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"REPROQ_SCHEDULER_MODE": "cron"}, {"mode": "pg_cron", "beat_enabled": False}),
        (
            {"REPROQ_BEAT_CMD": "off"},
            {"mode": "disabled", "beat_enabled": False, "beat_configured": False},
        ),
        ({"REPROQ_BEAT_CMD": ""}, {"mode": "disabled", "beat_configured": False}),
        ({"REPROQ_BEAT_CMD": "reproq beat"}, {"mode": "beat", "beat_configured": True}),
        (
            {"LOW_MEMORY_MODE": "1"},
            {"mode": "disabled", "low_memory": True, "beat_enabled": False},
        ),
    ],
)
def test_who_keeps_time(stats, monkeypatch, environment, said):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shown = stats()["scheduler"]
    assert said.items() <= shown.items()
    assert ("warning" in shown) == (shown["mode"] != "beat")
    Worker.objects.create(worker_id="w-1")
    # A worker keeps time by itself.
    assert "warning" not in stats()["scheduler"]


class TestSeveralDatabases:
    @BOTH
    @pytest.mark.parametrize("named", [["*"], "*", ["default", "queues"]])
    def test_all_of_them_are_added_up(self, stats, settings, named):
        settings.REPROQ_QUEUE_DATABASES = {"mail": "queues"}
        settings.REPROQ_STATS_DATABASES = named
        tasks.add.enqueue(1)
        tasks.add.using(queue_name="mail").enqueue(1)
        shown = stats()
        assert [each["alias"] for each in shown["databases"]] == ["default", "queues"]
        assert shown["tasks"] == {"READY": 2}
        assert shown["databases"][1]["queues"] == {"mail": {"READY": 1}}
        assert dict(grouped("status", using="queues")) == {"READY": 1}

    @BOTH
    def test_one_that_is_named_alone(self, stats, settings):
        settings.REPROQ_STATS_DATABASES = "queues"
        Worker.objects.using("queues").create(worker_id="w-1")
        assert stats()["workers"][0]["database"] == "queues"

    def test_one_that_is_not_there_does_not_hide_the_others(self, stats, settings):
        settings.REPROQ_STATS_DATABASES = ["default", "nowhere"]
        tasks.add.enqueue(1)
        shown = stats()
        assert shown["tasks"] == {"READY": 1}
        assert shown["databases"][1] == {"alias": "nowhere", "error": "not in DATABASES"}

    def test_without_any_it_says_so(self, bearer, monkeypatch):
        def out_of_reach(alias):
            raise OperationalError from psycopg.OperationalError("connection refused")

        monkeypatch.setattr(counts, "by_queue", out_of_reach)
        response = Client().get("/reproq/stats/", headers=bearer)
        assert (response.status_code, response.json()) == (503, {"error": "database unavailable"})


class TestStressTest:
    PATH = "/reproq/stress-test/"

    def test_it_enqueues_tasks_that_do_nothing(self, staff):
        assert staff.post(self.PATH).json() == {"ok": True, "enqueued": 100}
        assert staff.post(self.PATH, {"count": "3"}).json() == {"ok": True, "enqueued": 3}
        assert TaskRun.objects.filter(status="READY").count() == 103

    def test_for_staff_only(self, log_in, bearer):
        for client, headers in ((log_in(), {}), (Client(), {}), (Client(), bearer)):
            response = client.post(self.PATH, headers=headers)
            assert (response.status_code, response.json()) == (403, {"error": "Unauthorized"})
        assert not TaskRun.objects.exists()

    @pytest.mark.parametrize("count", ["0", "-1", "10001", "1e3", "٣", "9" * 400, "x"])
    def test_what_is_no_count(self, staff, count):
        response = staff.post(self.PATH, {"count": count})
        assert response.status_code == 400
        assert response.json()["error"].startswith("count must be a whole number")
