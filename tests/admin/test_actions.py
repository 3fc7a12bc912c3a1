"""What operators do to runs in the admin: through the functions, with permission, by POST."""

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.messages import get_messages
from django.db import connection

from reproq_django.admin import run_actions
from reproq_django.models import TaskRun
from reproq_django.workflows import chord
from reproq_worker.call import call
from tests.admin.conftest import SURE, act, status, url
from tests.backend.running import run_all
from tests.shop import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed():
    result = tasks.fail.using(max_attempts=1).enqueue("no luck")
    run_all()
    return result.result_id


@pytest.fixture
def ready():
    return tasks.add.enqueue(1, 2).result_id


def test_replay_makes_a_new_ready_run(admin_client, failed):
    [said] = act(admin_client, "replay_tasks", failed)
    new = TaskRun.objects.latest("pk")
    assert said == f"1 run replayed. The new one is {new.pk}."
    assert (new.status, new.attempts, new.spec_args) == ("READY", 0, ["no luck"])
    assert status(failed) == "FAILED"


def test_retry_gives_failed_runs_fresh_attempts_and_skips_others(admin_client, failed, ready):
    said = act(admin_client, "retry_failed_tasks", failed, ready)
    assert said == ["1 run retried.", "1 skipped (not FAILED)."]
    run = TaskRun.objects.get(pk=failed)
    assert (run.status, run.attempts) == ("READY", 0)
    run_all()
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("FAILED", 1)


def test_a_refused_run_does_not_stop_the_others(admin_client, failed):
    other = tasks.fail.using(max_attempts=1).enqueue("other").result_id
    run_all()
    twin = tasks.fail.using(max_attempts=1).enqueue("no luck").result_id
    said = act(admin_client, "retry_failed_tasks", failed, other)
    assert said == ["1 run retried.", f"1 refused: run {failed} has a live twin: run {twin}"]
    assert (status(failed), status(other)) == ("FAILED", "READY")


def test_discard(admin_client, failed, ready):
    said = act(admin_client, "discard_failed_tasks", failed, ready)
    assert said == ["1 run discarded.", "1 skipped (not FAILED)."]
    run = TaskRun.objects.get(pk=failed)
    assert (run.status, run.last_error) == ("CANCELLED", "Discarded in admin")
    assert status(ready) == "READY"


def test_cancel_ends_what_waits_and_asks_what_runs(admin_client, failed, ready):
    with connection.cursor() as cursor:
        call(cursor, "claim", worker_id="w", max_tasks=1)
    waiting = tasks.add.enqueue(3).result_id
    said = act(admin_client, "cancel_tasks", failed, ready, waiting)
    assert said == [
        "1 run cancelled.",
        "1 running one was asked to stop.",
        "1 skipped (already finished).",
    ]
    assert status(waiting) == "CANCELLED"
    assert TaskRun.objects.get(pk=ready).cancel_requested


def test_delete_takes_what_was_successful(admin_client, failed, ready):
    run_all()
    waiting = tasks.add.enqueue(9).result_id
    said = act(admin_client, "delete_successful_tasks", failed, ready, waiting, **SURE)
    assert said == ["1 run deleted.", "2 skipped (in another state, or still needed)."]
    assert set(TaskRun.objects.values_list("pk", flat=True)) == {failed, waiting}
    act(admin_client, "delete_selected_tasks", failed, waiting, **SURE)
    assert set(TaskRun.objects.values_list("pk", flat=True)) == {waiting}


def test_nothing_is_deleted_before_somebody_is_sure(admin_client, failed):
    runs = [tasks.add.enqueue(n).result_id for n in range(25)]
    run_all()
    waiting = tasks.add.enqueue(99).result_id
    filtered = url("taskrun_changelist", queue_name="default")
    every = {"action": "delete_selected_tasks", "_selected_action": failed, "select_across": "1"}
    asked = admin_client.post(filtered, every)
    assert "Delete these 26 runs, with their arguments, results and errors?" in asked.text
    assert asked.text.count(" tests.shop.tasks.add</li>") + asked.text.count("fail</li>") == 20
    assert "And 6 more." in asked.text
    assert f'href="{filtered}" class="button cancel-link"' in asked.text
    assert TaskRun.objects.count() == 27
    assert LogEntry.objects.count() == 0

    # The form of the page is about these runs, whatever has ended meanwhile.
    run_all()
    sent = re.findall(r'name="_selected_action" value="(\d+)"', asked.text)
    assert sorted(map(int, sent)) == [failed, *runs]
    again = {"action": "delete_selected_tasks", "_selected_action": sent} | SURE
    page = admin_client.post(filtered, again)
    assert [str(message) for message in get_messages(page.wsgi_request)] == ["26 runs deleted."]
    assert list(TaskRun.objects.values_list("pk", flat=True)) == [waiting]


def test_a_form_of_django_holds_a_confirmation_of_so_many():
    assert run_actions.AT_ONCE + 10 < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS


def test_a_run_that_another_waits_to_read_stays(admin_client):
    members, _callback = chord(tasks.add, tasks.add, callback=tasks.sum_of_predecessors).enqueue()
    first = members[0].result_id
    with connection.cursor() as cursor:
        [run] = call(cursor, "claim", worker_id="w")
        call(cursor, "complete", result_id=first, lease_no=run["lease_no"], return_json=1)
    said = act(admin_client, "delete_selected_tasks", first, **SURE)
    assert said == ["0 runs deleted.", "1 skipped (in another state, or still needed)."]
    assert status(first) == "SUCCESSFUL"


@pytest.mark.parametrize(
    ("action", "codename"),
    [
        ("replay_tasks", "can_replay_taskrun"),
        ("retry_failed_tasks", "change_taskrun"),
        ("discard_failed_tasks", "change_taskrun"),
        ("cancel_tasks", "change_taskrun"),
        ("run_selected_tasks", "change_taskrun"),
        ("delete_successful_tasks", "delete_taskrun"),
        ("delete_selected_tasks", "delete_taskrun"),
    ],
)
def test_an_action_needs_its_permission(staff, failed, action, codename):
    others = {"can_replay_taskrun", "change_taskrun", "delete_taskrun"} - {codename}
    without, having = staff("view_taskrun", *others), staff("view_taskrun", codename)
    assert action not in without.get(url("taskrun_changelist")).content.decode()
    act(without, action, failed)
    assert without.post(url("taskrun_act", failed), {"action": action}).status_code == 403
    assert TaskRun.objects.filter(pk=failed, status="FAILED", cancel_requested=False).exists()
    assert TaskRun.objects.count() == 1
    assert LogEntry.objects.count() == 0
    assert action in having.get(url("taskrun_changelist")).content.decode()


def test_nothing_happens_by_get(admin_client, failed):
    for name in ("replay_tasks", "retry_failed_tasks", "cancel_tasks", "delete_selected_tasks"):
        admin_client.get(url("taskrun_changelist"), {"action": name, "_selected_action": failed})
        answer = admin_client.get(url("taskrun_act", failed), {"action": name})
        assert answer.status_code == 405
    assert list(TaskRun.objects.values_list("pk", "status")) == [(failed, "FAILED")]


def test_a_form_from_elsewhere_is_refused(admin_user, failed):
    from django.test import Client, override_settings

    from tests import settings

    strict = Client(enforce_csrf_checks=True)
    strict.force_login(admin_user)
    protected = ["django.middleware.csrf.CsrfViewMiddleware", *settings.MIDDLEWARE]
    with override_settings(MIDDLEWARE=protected):
        for page in (url("taskrun_act", failed), url("overview")):
            assert strict.post(page, {"action": "retry_failed_tasks"}).status_code == 403
    assert status(failed) == "FAILED"


def test_the_buttons_of_a_run_do_the_same(admin_client, failed):
    page = admin_client.post(url("taskrun_act", failed), {"action": "retry_failed_tasks"})
    assert page.url == url("taskrun_change", failed)
    assert status(failed) == "READY"
    gone = admin_client.post(url("taskrun_act", failed), {"action": "cancel_tasks"}, follow=True)
    assert "Delete" in gone.content.decode()
    delete = {"action": "delete_selected_tasks"}
    asked = admin_client.post(url("taskrun_act", failed), delete)
    assert "Delete this run, with its arguments, its result and its errors?" in asked.text
    assert f'href="{url("taskrun_change", failed)}" class="button cancel-link"' in asked.text
    assert status(failed) == "CANCELLED"
    page = admin_client.post(url("taskrun_act", failed), delete | SURE)
    assert page.url == url("taskrun_changelist")


def test_ready_ones_are_run_here_and_now(admin_client, failed, ready):
    bad = tasks.fail.using(max_attempts=1).enqueue("again").result_id
    delayed = tasks.add.enqueue(1, run_after=timedelta(hours=1)).result_id
    held = tasks.add.using(queue_name="paused").enqueue(7).result_id
    with connection.cursor() as cursor:
        call(cursor, "pause_queue", queue="paused")
    said = act(admin_client, "run_selected_tasks", failed, ready, bad, delayed, held)
    assert said == ["1 succeeded.", "1 failed.", "3 skipped (not READY, or held up)."]
    run = TaskRun.objects.get(pk=ready)
    assert (run.status, run.return_json, run.worker_ids) == ("SUCCESSFUL", 3, ["admin"])
    assert [status(n) for n in (bad, delayed, held)] == ["FAILED", "SCHEDULED", "READY"]


def test_it_is_kept_who_did_it(admin_client, admin_user, failed):
    act(admin_client, "retry_failed_tasks", failed)
    [entry] = LogEntry.objects.all()
    assert (entry.user, entry.object_id) == (admin_user, str(failed))
    assert entry.get_change_message() == "retry"


def test_one_action_takes_on_so_many_and_says_so(admin_client, monkeypatch):
    monkeypatch.setattr(run_actions, "AT_ONCE", 2)
    runs = [tasks.add.enqueue(n).result_id for n in range(3)]
    said = act(admin_client, "cancel_tasks", *runs)
    assert said[0] == "2 runs cancelled."
    assert said[1] == "More than 2 were selected: only the first ones were taken."
