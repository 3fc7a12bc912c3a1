"""Pages cost the same however much there is: no scan of the records, no count of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reproq_django.admin import run_filters
from reproq_django.models import TaskRun
from tests.admin import scene
from tests.admin.conftest import url

pytestmark = pytest.mark.django_db

HISTORY = """
insert into task_runs (
    spec_json, spec_hash, dedup, status, enqueued_at, started_at, last_attempted_at, finished_at,
    failed_at
)
select
    '{"task_path": "a.b"}', lpad(n::text, 64, '0'), false,
    case when n % 50 = 0 then 'FAILED' else 'SUCCESSFUL' end,
    now() - interval '2 days', now() - interval '2 days', now() - interval '2 days',
    now() - interval '2 days', case when n % 50 = 0 then now() - interval '2 days' end
from generate_series(1, 30000) n
"""


def scans() -> int:
    """Sequential scans of the records in this transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce(sum(seq_scan), 0) from pg_stat_xact_user_tables"
            " where relname = 'task_runs'"
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize("analyzed", [True, False])
def test_no_page_scans_the_records(admin_client, monkeypatch, analyzed):
    # (A table not much larger than what is looked at anyway may well be scanned.)
    monkeypatch.setattr(run_filters, "MOST_ROWS", 1000)
    monkeypatch.setattr(run_filters, "REACH", 1000)
    day = scene.build(many=200)
    with connection.cursor() as cursor:
        cursor.execute(HISTORY)
        if analyzed:
            cursor.execute("analyze")
    oldest = TaskRun.objects.earliest("pk").pk
    admin_client.get(url("overview"))  # (Content types, sessions, permissions.)
    before = scans()
    for page in (
        url("taskrun_changelist"),
        url("taskrun_changelist", p=3),
        *(url("taskrun_changelist", status=status) for status in TaskRun.Status),
        url("taskrun_changelist", status="READY", queue_name="mail", o="7"),
        url("taskrun_changelist", lease_status="stale"),
        url("taskrun_changelist", q=str(oldest)),
        url("taskrun_changelist", q=str(day.workflow_id)),
        url("taskrun_change", day.failing.result_id),
        url("taskrun_change", oldest),
        url("workflowrun_change", day.workflow_id),
        url("overview"),
    ):
        with CaptureQueriesContext(connection) as queries:
            assert admin_client.get(page).status_code == 200
        assert scans() == before, page
        assert len(queries) <= 20, page
        for query in queries.captured_queries:
            counted = "COUNT(" in query["sql"] and "task_runs" in query["sql"]
            assert not counted or "LIMIT 10000" in query["sql"], query["sql"]


def test_a_list_has_a_last_page(admin_client, monkeypatch):
    from reproq_django.admin.base import BoundedPaginator

    monkeypatch.setattr(BoundedPaginator, "most_rows", 120)
    with connection.cursor() as cursor:
        cursor.execute(HISTORY.replace("30000", "300"))
    page = admin_client.get(url("taskrun_changelist"))
    assert page.context["cl"].result_count == 120
    assert "No more than the first 120 are listed." in page.content.decode()
    assert len(admin_client.get(url("taskrun_changelist", p=3)).context["cl"].result_list) == 20
