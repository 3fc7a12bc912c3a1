"""The overview of the queue: what it says is so, and a part of it refreshes."""

import re

import pytest
from django.db import connections
from django.test import override_settings

from reproq_django.admin import charts
from reproq_worker.call import call
from tests.admin import scene
from tests.admin.conftest import url

pytestmark = pytest.mark.django_db


def test_it_says_how_the_queue_stands(admin_client):
    day = scene.build(many=400)
    page = admin_client.get(url("overview"))
    shown = page.context
    tiles = {str(tile["label"]): tile["figure"] for tile in shown["tiles"]}
    assert tiles["Ready"] == "53"
    assert tiles["Running"] == "3"
    assert tiles["Scheduled"] == "1"
    assert tiles["Live workers"] == "1"
    queues = {queue["name"]: queue for queue in shown["queues"]}
    assert queues["reports"]["paused"]
    assert queues["reports"]["unserved"]
    assert [cell["count"] for cell in queues["mail"]["cells"]] == [40, 0, 0, 0, 0]
    [worker] = shown["workers"]
    assert (worker["worker_id"], worker["count"], worker["places"]) == ("web-1-7f3a", 3, 4)
    assert shown["tasks"][0]["name"] == "monthly_report"
    limits = {limit["key"]: limit for limit in shown["limits"]}
    assert limits["shop"]["words"] == "1/2"
    assert limits["queue:mail"]["words"] == "5.0 of 5 tokens left, 2 a second"
    content = page.content.decode()
    assert content.count("<svg") >= 4
    assert url("taskrun_change", day.running[0].result_id) in content


def test_the_plots_count_what_finished(admin_client):
    scene.build(many=400)
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "select count(*), count(failed_at) from task_runs"
            " where finished_at > now() - interval '23 hours 45 minutes'"
        )
        finished, failed = cursor.fetchone()
    plots = admin_client.get(url("overview")).context["plots"]
    said = [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", plots[2].summary)]
    assert finished <= said[0] <= finished + 4
    assert failed <= said[1] <= failed + 4


def test_a_part_of_it_refreshes(admin_client):
    part = admin_client.get(url("overview", part=1))
    assert b"<html" not in part.content
    assert "no-cache" in part["Cache-Control"]
    page = admin_client.get(url("overview")).content.decode()
    assert f'data-reproq-refresh="{url("overview", part=1)}"' in page


def test_it_is_linked(admin_client, staff):
    link = f'href="{url("overview")}"'
    assert link in admin_client.get("/admin/reproq_django/").content.decode()
    assert link in admin_client.get(url("worker_changelist")).content.decode()
    assert link not in staff("view_worker").get(url("worker_changelist")).content.decode()


def test_nothing_on_it_needs_a_looser_content_security_policy(admin_client):
    """No script and no style in the page itself, and nothing from elsewhere."""
    day = scene.build(many=50)
    for page in (
        url("overview"),
        url("taskrun_change", day.failing.result_id),
        url("workflowrun_change", day.workflow_id),
    ):
        content = admin_client.get(page).content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", content) == []
        assert re.findall(r"\s(?:style|on\w+)=\"", content) == []
        assert re.findall(r"(?:src|href)=\"(?:https?:)?//", content) == []


@pytest.mark.django_db(databases=["default", "queues"])
def test_of_several_databases_one_is_chosen(admin_client):
    with connections["queues"].cursor() as cursor:
        run = call(cursor, "enqueue", task_path="a.b", queue="bulk")[0]["reproq_enqueue"]
    with override_settings(
        REPROQ_QUEUE_DATABASES={"bulk": "queues"},
        DATABASE_ROUTERS=["reproq_django.db_router.ReproqRouter"],
    ):
        assert admin_client.get(url("overview")).context["queues"] == []
        page = admin_client.get(url("overview", database="queues"))
        [queue] = page.context["queues"]
        assert queue["name"] == "bulk"
        assert "database=queues" in queue["url"]
        listing = admin_client.get(url("taskrun_changelist", database="queues"))
        [row] = listing.context["cl"].result_list
        assert (row.pk, row._state.db) == (run, "queues")
        # The links of the list carry the choice on.
        [link] = re.findall(rf'href="([^"]*/{run}/change/[^"]*)"', listing.content.decode())
        page = admin_client.get(link.replace("&amp;", "&"))
        assert page.context["database"] == "queues"
        admin_client.post(
            url("taskrun_changelist", database="queues"),
            {"action": "cancel_tasks", "_selected_action": str(run)},
        )
        row.refresh_from_db(using="queues")
        assert row.status == "CANCELLED"
        admin_client.post(
            url("ratelimit_add", database="queues"),
            {"key": "queue:bulk", "tokens_per_second": "1", "burst_size": "1"},
        )
        with connections["queues"].cursor() as cursor:
            cursor.execute("select count(*) from rate_limits where key = 'queue:bulk'")
            assert cursor.fetchone() == (1,)
        # What is no database of queues is not looked at.
        assert admin_client.get(url("overview", database="x")).context["database"] == "default"


@pytest.mark.parametrize(
    ("number", "top"), [(0, 1), (1, 1), (3, 4), (5, 10), (11, 20), (401, 1000)]
)
def test_the_top_of_a_plot(number, top):
    assert charts._round_up(number) == top
