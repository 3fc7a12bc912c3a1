"""run/, run-one/, execute/<id>/, status/<id>/ and purge/."""

import pytest
from django.http import JsonResponse
from django.test import Client

from reproq_django.backend import ReproqBackend
from reproq_django.models import QueueControl, TaskRun
from tests.shop import tasks

pytestmark = [pytest.mark.django, pytest.mark.django_db]


@pytest.fixture
def post(bearer):
    """Status and body of what a program gets that posts this."""

    def post(path, **form):
        response = Client().post(f"/reproq/{path}", form, headers=bearer)
        return response.status_code, response.json()

    return post


@pytest.fixture
def get(bearer):
    def get(path, **query):
        response = Client().get(f"/reproq/{path}", query, headers=bearer)
        return response.status_code, response.json()

    return get


def test_run(post):
    ids = [tasks.add.enqueue(n).id for n in range(2)]
    failing = tasks.fail.using(max_attempts=1, queue_name="mail").enqueue()
    assert post("run/", queue_name="default", max_tasks=1) == (
        200,
        {"processed": 1, "tasks": [{"id": ids[0], "status": "SUCCESSFUL"}]},
    )
    status, body = post("run/")
    assert (status, body["processed"]) == (200, 2)
    assert {"id": failing.id, "status": "FAILED"} in body["tasks"]
    assert post("run/") == (200, {"processed": 0, "tasks": []})


def test_run_one(post):
    assert post("run-one/") == (200, {"processed": False, "message": "No tasks available"})
    result = tasks.add.enqueue(1)
    assert post("run-one/", queue_name="mail")[1]["processed"] is False
    assert post("run-one/", queue_name="default") == (
        200,
        {"processed": True, "task": {"id": result.id, "status": "SUCCESSFUL"}},
    )


def test_execute(post):
    first, second = tasks.add.enqueue(1), tasks.add.enqueue(2)
    done = (200, {"task": {"id": second.id, "status": "SUCCESSFUL"}})
    assert post(f"execute/{second.id}/") == done
    refused = (400, {"error": "Task not in executable status"})
    assert post(f"execute/{second.id}/") == refused
    QueueControl.objects.create(queue_name="default", paused=True)
    assert post(f"execute/{first.id}/") == refused


def test_execute_anew(post):
    result = tasks.fail.using(max_attempts=1).enqueue()
    ended = (200, {"task": {"id": result.id, "status": "FAILED"}})
    assert post(f"execute/{result.id}/") == ended
    assert post(f"execute/{result.id}/")[0] == 400
    assert post(f"execute/{result.id}/", allow_retry="true") == ended
    assert len(TaskRun.objects.get().errors_json) == 2


@pytest.mark.parametrize("bad", ["0", "-1", "x", "9" * 30, "../../stats", "٣", "nowhere:1", "a/b"])
def test_what_is_no_id_is_not_found(post, get, bad):
    assert post(f"execute/{bad}/") == (404, {"error": "Task not found"})
    assert get(f"status/{bad}/") == (404, {"error": "Task not found"})


def test_status(get):
    result = tasks.see_context.using(priority=3).enqueue(1)
    status, body = get(f"status/{result.id}/")
    task = body["task"]
    assert status == 200
    assert task.pop("enqueued_at")
    assert task == {
        "task_id": result.id,
        "task_path": "tests.shop.tasks.see_context",
        "args_json": [1],
        "kwargs_json": {},
        "status": "READY",
        "priority": 3,
        "queue_name": "default",
        "backend_name": "default",
        "run_after": None,
        "takes_context": True,
        "started_at": None,
        "finished_at": None,
        "last_attempted_at": None,
        "return_value_json": None,
        "errors_json": [],
        "worker_ids_json": [],
    }


def test_purge(post):
    old = tasks.add.enqueue(1)
    tasks.add.enqueue(2)
    post("run/")
    TaskRun.objects.filter(result_id=old.result_id).update(finished_at="2020-01-01T00:00Z")
    assert post("purge/") == (200, {"deleted": 1})
    assert post("purge/", days=0) == (200, {"deleted": 1})


@pytest.mark.parametrize(
    ("path", "form", "error"),
    [
        ("run/", {"max_tasks": "-1"}, "max_tasks must be"),
        ("run/", {"max_tasks": "1.5"}, "max_tasks must be"),
        ("run/", {"backend_name": "nowhere"}, "backend_name is no backend"),
        ("run-one/", {"queue_name": "a\x00b"}, "queue_name must be"),
        ("run-one/", {"queue_name": "x" * 300}, "queue_name must be"),
        ("purge/", {"days": "-7"}, "days must be"),
        ("purge/", {"days": "x"}, "days must be"),
    ],
)
def test_bad_fields(post, path, form, error):
    tasks.add.enqueue(1)
    status, body = post(path, **form)
    assert (status, body["error"].startswith(error)) == (400, True), body
    assert TaskRun.objects.get().status == "READY"


def test_a_body_that_is_no_form(bearer):
    for content_type in ("multipart/form-data; boundary=x", "multipart/form-data"):
        response = Client().post(
            "/reproq/run/", b"\xff\x00 nothing", content_type=content_type, headers=bearer
        )
        assert response.status_code in (200, 400)
        assert response.headers["Content-Type"] == "application/json"


@pytest.mark.django_db(databases=["default", "queues"])
def test_ids_name_their_database(post, get, settings):
    settings.REPROQ_QUEUE_DATABASES = {"mail": "queues"}
    result = tasks.add.using(queue_name="mail").enqueue(1)
    assert result.id.startswith("queues:")
    assert post(f"execute/{result.id}/")[1] == {"task": {"id": result.id, "status": "SUCCESSFUL"}}
    assert get(f"status/{result.id}/")[1]["task"]["task_id"] == result.id
    tasks.add.enqueue(1)
    tasks.add.using(queue_name="mail").enqueue(2)
    assert post("run/")[1]["processed"] == 2


class TestTokens:
    def test_one_of_its_own_takes_the_place_of_the_other(self, settings, bearer):
        settings.REPROQ_TASKS_TOKEN = "another-token-of-more-than-32-bytes!"
        own = {"X-Reproq-Token": settings.REPROQ_TASKS_TOKEN}
        assert Client().post("/reproq/run/", headers=own).status_code == 200
        assert Client().post("/reproq/run/", headers=bearer).status_code == 403
        assert Client().get("/reproq/stats/", headers=bearer).status_code == 200
        assert Client().get("/reproq/stats/", headers=own).status_code == 403


class AskingBackend(ReproqBackend):
    """Asks for a header of its own."""

    def get_auth_handler(self):
        def ask(request):
            if request.headers.get("X-Password") == "please":
                return None
            return JsonResponse({"error": "say please"}, status=401)

        return ask


class TestAuthHandler:
    @pytest.fixture(autouse=True)
    def _asking(self, settings):
        path = f"{__name__}.AskingBackend"
        settings.TASKS = {"default": {"BACKEND": path, "QUEUES": []}}

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("post", "run/"),
            ("post", "run-one/"),
            ("post", "purge/"),
            ("post", "execute/1/"),
            ("get", "status/1/"),
        ],
    )
    def test_it_decides_alone(self, bearer, method, path):
        send = getattr(Client(), method)
        for headers in ({}, bearer):
            response = send(f"/reproq/{path}", headers=headers)
            assert (response.status_code, response.json()) == (401, {"error": "say please"})
        polite = {"X-Password": "please"}
        assert send(f"/reproq/{path}", headers=polite).status_code in (200, 404)

    def test_a_session_needs_csrf_all_the_same(self, log_in):
        client = log_in(is_staff=True, checks_csrf=True)
        response = client.post("/reproq/run/", headers={"X-Password": "please"})
        assert response.json()["error"].startswith("CSRF")


def test_what_a_task_has_done_outlives_its_request():
    """Also with ATOMIC_REQUESTS."""
    from reproq_django.urls import urlpatterns

    for pattern in urlpatterns:
        if not pattern.name.endswith(("login", "authorize")):
            assert {"default", "queues"} <= pattern.callback._non_atomic_requests
