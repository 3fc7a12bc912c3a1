"""The list of runs and the page of a run: what they show, and that all of it is escaped and cut."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings

from reproq_django.models import TaskRun
from reproq_worker.call import call
from tests.admin.conftest import url
from tests.backend.running import run_all
from tests.shop import tasks

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"


def text(client, *args, **query):
    page = client.get(url(*args, **query))
    assert page.status_code == 200
    return page.content.decode()


def listed(client, **query):
    page = client.get(url("taskrun_changelist", **query))
    assert page.status_code == 200
    return {run.pk for run in page.context["cl"].result_list}


def claim(**options):
    with connection.cursor() as cursor:
        return call(cursor, "claim", **{"worker_id": "w1"} | options)


def test_the_list_has_every_column(admin_client):
    tasks.with_options.enqueue(1)
    page = text(admin_client, "taskrun_changelist")
    for header in (
        "Result id",
        "Status",
        "Lease",
        "Lock key",
        "Concurrency",
        "Queue",
        "Priority",
        "Enqueued at",
        "Duration",
        "Attempts",
        "Workflow",
    ):
        assert re.search(rf'class="[^"]*column-[^>]*>.*?{header}', page, re.DOTALL), header
    for cell in ("till", "shop (≤ 2)", "0/5", ">Ready<"):
        assert cell in page


def test_filters(admin_client):
    running = tasks.add.enqueue(1).result_id
    claim()
    lost = tasks.add.enqueue(2).result_id
    claim(lease="1 s")
    with connection.cursor() as cursor:
        cursor.execute(
            "update reproq_leases set leased_until = now() - interval '1 minute'"
            " where result_id = %s",
            [lost],
        )
    ready = tasks.add.using(queue_name="mail").enqueue(3).result_id
    failed = tasks.fail.using(max_attempts=1, queue_name="mail").enqueue().result_id
    with connection.cursor() as cursor:
        call(cursor, "cancel", result_id=tasks.add.enqueue(4).result_id)
        [run] = [r for r in claim(queues=["mail"], max_tasks=2) if r["result_id"] == failed]
        call(cursor, "fail", result_id=failed, lease_no=run["lease_no"], error={}, retry=False)
        call(cursor, "release", result_id=ready, lease_no=1)
    everything = listed(admin_client)
    assert listed(admin_client, lease_status="stale") == {lost}
    assert listed(admin_client, lease_status="active") == {running}
    assert listed(admin_client, lease_status="none") == everything - {lost, running}
    assert listed(admin_client, status="READY") == {ready}
    assert listed(admin_client, status="FAILED") == {failed}
    assert listed(admin_client, status="RUNNING", queue_name="mail") == set()
    assert listed(admin_client, status="nonsense") == everything
    assert listed(admin_client, queue_name="mail") == {ready, failed}
    assert listed(admin_client, queue_name="mail", reach="all") == {ready, failed}
    both = {"BACKEND": "reproq_django.backend.ReproqBackend", "QUEUES": []}
    with override_settings(TASKS={"default": both, "other": both}):
        assert listed(admin_client, backend_alias="other") == set()
        assert listed(admin_client, backend_alias="default") == everything


def test_search(admin_client):
    held = tasks.with_options.enqueue(1)
    claim(worker_id="web-7")
    other = tasks.add.enqueue(1)
    for term in (str(held.result_id), held.data.spec_hash, "with_opt", "till", "web-7"):
        assert listed(admin_client, q=term) == {held.result_id}, term
    assert listed(admin_client, q="shop.tasks add") == {other.result_id}
    assert listed(admin_client, q="1e3'; drop table x;--") == set()
    from reproq_django.workflows import chain

    members = chain(tasks.add, tasks.add).enqueue()
    workflow = str(members[0].data.workflow_id)
    assert listed(admin_client, q=workflow) == {r.result_id for r in members}


def test_the_summary_counts(admin_client):
    for n in range(3):
        tasks.add.enqueue(n)
    claim(max_tasks=2)
    page = admin_client.get(url("taskrun_changelist"))
    counts = {row["status"]: row["count"] for row in page.context["counted"]}
    assert counts == {"READY": 1, "RUNNING": 2, "FAILED": 0}
    assert 'data-reproq-reload="10"' in page.content.decode()


def test_nothing_can_be_written(admin_client):
    run = tasks.add.enqueue(1).result_id
    page = text(admin_client, "taskrun_change", run)
    content = page[page.index('id="content-main"') :]
    fields = re.findall(r"<(?:input|select|textarea)[^>]*>", content)
    assert [f for f in fields if "csrfmiddlewaretoken" not in f] == []
    assert admin_client.get(url("taskrun_add")).status_code == 403
    assert admin_client.get(url("taskrun_delete", run)).status_code == 403
    admin_client.post(url("taskrun_change", run), {"status": "FAILED"})
    assert TaskRun.objects.get(pk=run).status == "READY"


def test_whoever_may_not_look_does_not_see(staff, client):
    run = tasks.add.enqueue(1).result_id
    for who, code in ((staff(), 403), (staff("view_taskrun"), 200), (client, 302)):
        for page in (
            url("taskrun_changelist"),
            url("taskrun_change", run),
            url("overview"),
            url("overview", part=1),
        ):
            assert who.get(page).status_code == code, page
    seen = staff("view_taskrun").get(url("taskrun_change", run)).content.decode()
    assert "<button" not in seen[seen.index('id="content-main"') :]


@override_settings(
    TASKS={"default": {"BACKEND": "reproq_django.backend.ReproqBackend", "QUEUES": []}}
)
def test_whatever_a_task_produced_is_escaped(admin_client):
    """In arguments, results, errors, metadata, names of queues, keys, workers and schedules."""
    with connection.cursor() as cursor:
        for n in range(2):
            call(
                cursor,
                "enqueue",
                task_path=f"shop.{EVIL}".replace(" ", ""),
                args=[EVIL, n],
                kwargs={EVIL: EVIL},
                queue=EVIL,
                lock_key=EVIL,
                concurrency_key=EVIL,
                concurrency_limit=1,
            )
        call(cursor, "pause_queue", queue="q2" + EVIL, reason=EVIL)
        call(cursor, "set_rate_limit", key=f"queue:{EVIL}", rate=1.0, burst=5)
        call(cursor, "register_worker", worker_id=EVIL, hostname=EVIL, queues=[EVIL])
        [run] = call(cursor, "claim", worker_id=EVIL, queues=[EVIL], max_tasks=2)
        pages = [
            text(admin_client, "overview"),
            text(admin_client, "taskrun_change", run["result_id"]),
        ]
        [blocked] = set(TaskRun.objects.values_list("pk", flat=True)) - {run["result_id"]}
        pages.append(text(admin_client, "taskrun_change", blocked))
        call(
            cursor,
            "save_metadata",
            result_id=run["result_id"],
            lease_no=1,
            metadata={EVIL: EVIL},
        )
        error = dict.fromkeys(("kind", "exception_class", "message", "traceback"), EVIL)
        call(cursor, "fail", result_id=run["result_id"], lease_no=1, error=error, retry=False)
    pages.append(text(admin_client, "taskrun_change", run["result_id"]))
    pages += [
        text(admin_client, f"{model}_changelist")
        for model in ("taskrun", "worker", "queuecontrol", "ratelimit")
    ]
    pages.append(text(admin_client, "overview"))
    for page in pages:
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_a_document_of_10_mb_is_cut_by_the_database(admin_client, django_assert_max_num_queries):
    run = tasks.echo.enqueue("x").result_id
    run_all()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            update task_runs
            set return_json = to_jsonb(repeat('ab<script>', 1000000)),
                metadata_json = jsonb_build_object('x', repeat('y', 10000000)),
                errors_json = jsonb_build_array(repeat('z', 10000000))
            where result_id = %s
            """,
            [run],
        )
    with django_assert_max_num_queries(20) as queries:
        page = text(admin_client, "taskrun_change", run)
    assert len(page) < 200_000
    assert "Cut: it is longer than what is shown." in page
    assert "1 more is not shown." in page
    assert "ab&lt;script&gt;" in page
    assert not any('"errors_json"' in q["sql"].split("FROM")[0] for q in queries[:2])
    assert len(text(admin_client, "taskrun_changelist")) < 100_000


def test_runs_with_the_same_spec_are_linked(admin_client):
    first = tasks.add.enqueue(1).result_id
    run_all()
    second = tasks.add.enqueue(1).result_id
    third = tasks.add.enqueue(2).result_id
    twins = admin_client.get(url("taskrun_change", first)).context["twins"]
    assert [twin["link"] for twin in twins] == [
        f'<a href="{url("taskrun_change", second)}">{second}</a>'
    ]
    assert admin_client.get(url("taskrun_change", third)).context["twins"] == []


def test_the_page_says_why_a_run_is_not_running(admin_client):
    tasks.with_options.enqueue(1)
    blocked = tasks.with_options.enqueue(2).result_id
    delayed = tasks.add.enqueue(1, run_after=timedelta(hours=1)).result_id
    [holder, *_rest] = claim(max_tasks=5)
    page = text(admin_client, "taskrun_change", blocked)
    assert "Lock till is held by" in page
    assert url("taskrun_change", holder["result_id"]) in page
    assert "No worker of queue default was seen within two minutes." in page
    assert "Its time has not come." in text(admin_client, "taskrun_change", delayed)
    assert "Worker w1 runs it." in text(admin_client, "taskrun_change", holder["result_id"])


def test_the_timeline(admin_client):
    run = tasks.fail.using(max_attempts=2, backoff=(0, 0)).enqueue().result_id
    run_all()
    with connection.cursor() as cursor:
        call(cursor, "tick")
    run_all()
    events = admin_client.get(url("taskrun_change", run)).context["events"]
    told = [event["text"] for event in events if event["text"] != "Not before"]
    assert told[0] == "Enqueued"
    assert told[-1] == "Failed"
    assert {"First start", "Attempt 1 ended badly", "Attempt 2 ended badly"} <= set(told)


@pytest.mark.parametrize("wrong", ["0", "999", "9" * 30, "x", "1%20or%201=1", "½"])
def test_an_id_of_no_run_leads_back_with_a_message(admin_client, wrong):
    tasks.add.enqueue(1)
    page = admin_client.get(f"{url('taskrun_changelist')}{wrong}/change/", follow=True)
    assert page.status_code == 200
    assert "doesn’t exist" in page.content.decode()


def test_detail_is_another_address_of_the_page(admin_client):
    run = tasks.add.enqueue(1, b=7).result_id
    page = admin_client.get(f"{url('taskrun_changelist')}{run}/detail/")
    assert page.status_code == 200
    assert page.context["run"].pk == run
