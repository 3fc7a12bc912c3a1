"""Workers, queues, schedules, rate limits and workflows in the admin."""

import uuid

import pytest
from django.db import connection

from reproq_django.models import PeriodicTask, QueueControl, RateLimit, TaskRun, Worker
from reproq_django.workflows import chain, chord, group
from reproq_worker.call import call
from tests.admin.conftest import SURE, act, url
from tests.backend.running import claim, run_all
from tests.shop import tasks

pytestmark = pytest.mark.django_db

SCHEDULE = {
    "name": "report",
    "task_path": "tests.shop.tasks.add",
    "payload_json": '{"args": [1]}',
    "enabled": "on",
    "cron_expr": "0 3 * * *",
    "time_zone": "Europe/Paris",
    "queue_name": "default",
    "priority": "0",
    "max_attempts": "3",
    "concurrency_key": "",
    "concurrency_limit": "0",
}


def errors(page) -> dict[str, list[str]]:
    """What a form that was not saved says, by field."""
    assert page.status_code == 200, "it was saved"
    return {name: list(said) for name, said in page.context["adminform"].form.errors.items()}


class TestWorkers:
    @pytest.fixture(autouse=True)
    def workers(self):
        with connection.cursor() as cursor:
            for name, ago in (("alive", "1 minute"), ("late", "3 minutes"), ("gone", "11 minutes")):
                call(cursor, "register_worker", worker_id=name, hostname=f"host of {name}")
                cursor.execute(
                    "update reproq_workers set last_seen_at = now() - %s::interval"
                    " where worker_id = %s",
                    [ago, name],
                )

    def test_who_is_alive(self, admin_client):
        page = admin_client.get(url("worker_changelist"))
        cl = page.context["cl"]
        states = {w.pk: str(cl.model_admin.state(w)) for w in cl.result_list}
        assert ["ALIVE" in states[name] for name in ("alive", "late", "gone")] == [
            True,
            False,
            False,
        ]
        assert "DEAD" in states["late"]
        assert b"host of gone" in page.content
        assert admin_client.get(url("worker_add")).status_code == 403

    def test_those_not_seen_for_ten_minutes_are_deleted(self, admin_client, staff):
        names = ("alive", "late", "gone")
        act(staff("view_worker"), "delete_stale_workers", *names, model="worker")
        assert Worker.objects.count() == 3
        assert act(admin_client, "delete_stale_workers", *names, model="worker") == []
        assert Worker.objects.count() == 3, "somebody is asked first"
        said = act(admin_client, "delete_stale_workers", *names, model="worker", **SURE)
        assert said == ["1 worker deleted.", "2 are not stale."]
        assert set(Worker.objects.values_list("pk", flat=True)) == {"alive", "late"}


class TestQueues:
    def test_pause_and_resume(self, admin_client, staff):
        QueueControl.objects.create(queue_name="mail")
        act(staff("view_queuecontrol"), "pause_queues", "mail", model="queuecontrol")
        assert not QueueControl.objects.get().paused
        assert act(admin_client, "pause_queues", "mail", model="queuecontrol") == [
            "1 queue paused."
        ]
        control = QueueControl.objects.get()
        assert control.paused
        assert control.paused_at
        page = admin_client.get(url("queuecontrol_changelist"))
        assert b">paused<" in page.content
        act(admin_client, "resume_queues", "mail", model="queuecontrol")
        assert not QueueControl.objects.get().paused

    def test_a_form_says_what_the_database_refuses(self, admin_client):
        add = url("queuecontrol_add")
        assert errors(admin_client.post(add, {"queue_name": "x" * 256})) == {
            "queue_name": ["must be a name of 1 to 255 characters"]
        }
        admin_client.post(add, {"queue_name": "mail", "paused": "on", "reason": "moving house"})
        assert QueueControl.objects.get().reason == "moving house"
        tasks.add.using(queue_name="mail").enqueue(1)
        assert claim(queues=["mail"]) == []

    def test_the_overview_pauses_any_queue(self, admin_client, staff):
        overview = url("overview")
        assert staff("view_taskrun").post(overview, {"pause": "mail"}).status_code == 403
        admin_client.post(overview, {"pause": "mail"})
        control = QueueControl.objects.get(queue_name="mail")
        assert (control.paused, control.reason) == (True, "by admin in the admin")
        admin_client.post(overview, {"resume": "mail"})
        assert not QueueControl.objects.get().paused


class TestSchedules:
    def test_one_is_made(self, admin_client):
        answer = admin_client.post(url("periodictask_add"), SCHEDULE)
        assert answer.status_code == 302
        schedule = PeriodicTask.objects.get()
        assert schedule.next_run_at is not None
        page = admin_client.get(url("periodictask_change", "report")).content.decode()
        assert page.count("03:00 CE") == 3

    @pytest.mark.parametrize(
        ("field", "value", "said"),
        [
            ("cron_expr", "61 * * * *", "field 1 (minute)"),
            ("cron_expr", "30 2 31 2 *", ""),
            ("cron_expr", "0 0 * * 1#2", "field 5"),
            ("time_zone", "Mars/Phobos", "Mars/Phobos"),
            ("payload_json", '"just a text"', ""),
            ("task_path", "not a path", ""),
            ("queue_name", "x" * 256, ""),
            ("priority", "99999999999", ""),
        ],
    )
    def test_what_the_database_refuses_is_said_at_its_field(self, admin_client, field, value, said):
        page = admin_client.post(url("periodictask_add"), SCHEDULE | {field: value})
        found = errors(page)
        assert list(found) == [field]
        assert said in found[field][0]
        assert not PeriodicTask.objects.exists()

    def test_an_edit_keeps_the_slot_that_is_due(self, admin_client):
        admin_client.post(url("periodictask_add"), SCHEDULE)
        with connection.cursor() as cursor:
            cursor.execute("update periodic_tasks set next_run_at = now() - interval '1 second'")
        due = PeriodicTask.objects.get().next_run_at
        edited = SCHEDULE | {"priority": "7", "cron_expr": "0 4 * * *"}
        assert admin_client.post(url("periodictask_change", "report"), edited).status_code == 302
        schedule = PeriodicTask.objects.get()
        assert (schedule.priority, schedule.next_run_at) == (7, due)

    def test_a_broken_one_is_shown(self, admin_client):
        admin_client.post(url("periodictask_add"), SCHEDULE)
        admin_client.post(url("periodictask_add"), SCHEDULE | {"name": "fine"})
        with connection.cursor() as cursor:
            cursor.execute(
                "update periodic_tasks set last_error = 'no such <b>thing' where name = 'report'"
            )
        page = admin_client.get(url("periodictask_changelist", broken="1"))
        assert [s.name for s in page.context["cl"].result_list] == ["report"]
        assert b"no such &lt;b&gt;thing" in page.content
        page = admin_client.get(url("periodictask_change", "report"))
        assert b"no such &lt;b&gt;thing" in page.content

    def test_actions(self, admin_client):
        admin_client.post(url("periodictask_add"), SCHEDULE)
        one = ["report"]
        assert act(admin_client, "disable_schedules", *one, model="periodictask")[-1] == (
            "1 schedule disabled."
        )
        assert not PeriodicTask.objects.get().enabled
        assert act(admin_client, "enqueue_now", *one, model="periodictask")[-1] == "1 is disabled."
        act(admin_client, "enable_schedules", *one, model="periodictask")
        assert PeriodicTask.objects.get().enabled
        assert act(admin_client, "enqueue_now", *one, model="periodictask")[-1] == (
            "1 run enqueued."
        )
        assert TaskRun.objects.get().spec_args == [1]

    def test_who_may_not_write_does_not(self, staff):
        client = staff("view_periodictask")
        assert client.post(url("periodictask_add"), SCHEDULE).status_code == 403
        assert not PeriodicTask.objects.exists()


class TestRateLimits:
    def test_an_edit_holds(self, admin_client):
        limit = {"key": "queue:default", "tokens_per_second": "0.001", "burst_size": "2"}
        assert admin_client.post(url("ratelimit_add"), limit).status_code == 302
        for n in range(4):
            tasks.add.enqueue(n)
        with connection.cursor() as cursor:
            cursor.execute("update rate_limits set current_tokens = 2 where key = 'queue:default'")
        assert len(claim(max_tasks=4)) == 2
        page = admin_client.get(url("ratelimit_changelist")).content.decode()
        assert "0.0/2" in page
        limit["tokens_per_second"] = "0"
        admin_client.post(url("ratelimit_change", "queue:default"), limit)
        with connection.cursor() as cursor:
            call(cursor, "tick")
        assert len(claim(max_tasks=4)) == 2

    @pytest.mark.parametrize(
        ("field", "value"),
        [("key", "everything"), ("tokens_per_second", "-1"), ("burst_size", "-1")],
    )
    def test_what_is_refused(self, admin_client, field, value):
        limit = {"key": "queue:mail", "tokens_per_second": "1", "burst_size": "1"}
        before = RateLimit.objects.count()
        page = admin_client.post(url("ratelimit_add"), limit | {field: value})
        assert list(errors(page)) == [field]
        assert RateLimit.objects.count() == before


class TestWorkflows:
    def test_it_is_drawn(self, admin_client):
        flow = chain(
            tasks.add,
            group(*((tasks.add, [n]) for n in range(3))),
            tasks.pay,
            group(*((tasks.echo, [n]) for n in range(500))),
        ).enqueue()
        workflow_id = flow[0].data.workflow_id
        page = admin_client.get(url("workflowrun_change", workflow_id))
        drawing = page.context["drawing"]
        # The 500 that are alike are one box.
        assert [(box.layer, len(box.runs)) for box in drawing.boxes] == [
            (0, 1),
            (1, 1),
            (1, 1),
            (1, 1),
            (2, 1),
            (3, 500),
        ]
        assert len(drawing.lines) == 3 + 3 + 1
        assert len({(box.x, box.y) for box in drawing.boxes}) == 6
        assert b"<svg" in page.content
        assert url("taskrun_change", flow[0].result_id).encode() in page.content
        listing = admin_client.get(url("workflowrun_changelist", q=str(workflow_id)))
        assert b"0/505" in listing.content
        assert b"workflow" in admin_client.get(url("workflowrun_changelist", q="x")).content

    def test_its_actions(self, admin_client, staff):
        members, callback = chord(
            (tasks.fail.using(max_attempts=1), []), tasks.add, callback=tasks.sum_of_predecessors
        ).enqueue()
        run_all()
        workflow_id = str(members[0].data.workflow_id)
        client = staff("view_workflowrun")
        assert act(client, "retry_workflows", workflow_id, model="workflowrun") == []
        said = act(admin_client, "retry_workflows", workflow_id, model="workflowrun")
        assert said == ["1 workflow retried."]
        assert TaskRun.objects.get(pk=callback.result_id).status == "WAITING"
        act(admin_client, "cancel_workflows", workflow_id, model="workflowrun")
        assert TaskRun.objects.get(pk=callback.result_id).status == "CANCELLED"

    def test_one_that_is_not_there(self, admin_client):
        for wrong in (uuid.uuid4(), "x"):
            page = admin_client.get(url("workflowrun_change", wrong), follow=True)
            assert page.status_code == 200
