"""Who is answered, over all the pages: nobody without a session or a token."""

import time

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import get_resolver, reverse

from reproq_django import access
from reproq_django.urls import urlpatterns
from reproq_worker.monitor import tokens
from tests.http.conftest import TOKEN, fresh_failures

pytestmark = [pytest.mark.django, pytest.mark.django_db]
STATS = "/reproq/stats/"
CLAIMS = {"aud": "reproq-tui", "superuser": True, "iss": "reproq-django"}
#: What a terminal, or a superuser who is no one yet, must reach; they give nothing away.
OPEN = {"reproq-tui-pair", "reproq-tui-pair-status", "reproq-tui-config", "reproq-tui-login"}


def status(headers=None, client=None, **claims):
    return (client or Client()).get(STATS, headers=headers or {}).status_code


def signed(key=TOKEN, algorithm="HS256", **claims):
    given = CLAIMS | {"exp": int(time.time()) + 60} | claims
    given = {name: value for name, value in given.items() if value is not None}
    return {"Authorization": f"Bearer {jwt.encode(given, key, algorithm)}"}


def path_of(pattern):
    args = ["1"] if "<" in str(pattern.pattern) else []
    return reverse(f"reproq:{pattern.name}", args=args)


def test_nobody_is_let_in_by_default(token):
    for pattern in urlpatterns:
        if pattern.name in OPEN:
            continue
        path = path_of(pattern)
        for send in (Client().get, Client().post):
            response = send(path)
            assert response.status_code in (302, 403, 405), path
            if response.status_code == 302:
                assert response.url.startswith("/reproq/tui/login/")
            elif response.status_code == 403:
                assert response.json() == {"error": "Unauthorized"}


def test_the_names_are_those_that_projects_reverse():
    names = "stats stress_test run_tasks run_one_task purge_completed"
    assert [reverse(f"reproq:{name}") for name in names.split()] == [
        "/reproq/stats/",
        "/reproq/stress-test/",
        "/reproq/run/",
        "/reproq/run-one/",
        "/reproq/purge/",
    ]
    assert reverse("reproq:execute_task", args=["queues:7"]) == "/reproq/execute/queues:7/"
    assert reverse("reproq:task_status", args=[7]) == "/reproq/status/7/"
    assert get_resolver().namespace_dict.keys() >= {"reproq"}


class TestTokens:
    def test_each_way_in(self, token, staff, superuser, log_in):
        user = get_user_model().objects.get(is_superuser=True)
        assert status() == 403
        assert status(client=staff) == status(client=superuser) == 200
        assert status(client=log_in()) == 403
        assert status({"Authorization": f"Bearer {TOKEN}"}) == 200
        assert status({"Authorization": f"bearer   {TOKEN} "}) == 200
        assert status({"X-Reproq-Token": TOKEN}) == 200
        assert status(signed(sub=str(user.pk))) == 200
        assert status(signed(aud="reproq-worker")) == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Authorization": f"Basic {TOKEN}"},
            {"Authorization": f"Bearer {TOKEN}x"},
            {"Authorization": "Bearer"},
            {"X-Reproq-Token": ""},
            {"X-Reproq-Token": "\xff\xfe"},
            {"X-Reproq-Token": "日本"},
            {"Authorization": "Bearer " + "x" * 60_000},
            {"Authorization": "Bearer " + "a." * 4_000},
            signed(superuser=False),
            signed(exp=1),
            signed(exp=None),
            signed(exp="soon"),
            signed(aud="else"),
            signed(iss="somebody"),
            signed(key=TOKEN + "x"),
            signed(algorithm="HS512"),
            signed(key="", algorithm="none"),
            {"Authorization": signed()["Authorization"][:-3]},
            signed(sub="12345678"),
            signed(sub="not a number"),
            signed(sub="9" * 40),
        ],
    )
    def test_wrong_ones(self, token, headers):
        response = Client().get(STATS, headers=headers)
        assert (response.status_code, response.json()) == (403, {"error": "Unauthorized"})

    def test_a_token_ends_with_its_superuser(self, token, superuser):
        user = get_user_model().objects.get()
        given, _ = tokens.issue(TOKEN, str(user.pk), user.username, 60)
        headers = {"Authorization": f"Bearer {given}"}
        assert status(headers) == 200
        user.is_superuser = False
        user.save()
        assert status(headers) == 403

    def test_a_terminals_token_is_for_looking(self, token, superuser):
        user = get_user_model().objects.get()
        headers = signed(sub=str(user.pk))
        assert status(headers) == 200
        assert Client().post("/reproq/run/", headers=headers).status_code == 403
        assert Client().get("/reproq/status/1/", headers=headers).status_code == 403

    def test_a_wrong_token_is_not_helped_by_a_session(self, token, staff):
        assert status({"X-Reproq-Token": "x"}, client=staff) == 403

    def test_without_a_token_in_the_settings_none_is_right(self, staff):
        assert status({"Authorization": "Bearer "}) == status({"X-Reproq-Token": "x"}) == 403
        assert status(signed()) == 403
        assert status(client=staff) == 200

    def test_jwts_can_have_a_secret_of_their_own(self, token, settings):
        settings.METRICS_JWT_SECRET = "another-secret-of-more-than-32-bytes!"
        assert status(signed(key=settings.METRICS_JWT_SECRET)) == 200
        assert status(signed()) == 403

    def test_who_guesses_is_refused_even_with_the_right_one(self, token, bearer, staff):
        assert [status({"X-Reproq-Token": "x"}) for _ in range(30)] == [403] * 30
        response = Client().get(STATS, headers=bearer)
        assert (response.status_code, response.json()) == (429, {"error": "rate limited"})
        assert response.headers["Retry-After"] == "60"
        assert Client(REMOTE_ADDR="10.0.0.2").get(STATS, headers=bearer).status_code == 200
        assert status(client=staff) == 200

    def test_all_processes_count_together_where_they_share_a_cache(self, token, monkeypatch):
        for _ in range(3):  # Processes, of which none would refuse it by itself.
            monkeypatch.setattr(access, "failures", fresh_failures())
            assert [status({"X-Reproq-Token": "x"}) for _ in range(10)] == [403] * 10
        monkeypatch.setattr(access, "failures", fresh_failures())
        assert status({"X-Reproq-Token": TOKEN}) == 429

    @pytest.mark.parametrize("backend", ["dummy.DummyCache", "redis.RedisCache"])
    def test_without_a_cache_that_answers_each_counts_for_itself(self, token, settings, backend):
        place = "redis://127.0.0.1:1"  # Where nobody is, even with its client installed.
        settings.CACHES = {
            "default": {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": place}
        }
        assert [status({"X-Reproq-Token": "x"}) for _ in range(30)] == [403] * 30
        assert status({"X-Reproq-Token": TOKEN}) == 429


class TestSessions:
    def test_csrf_is_asked_of_sessions_and_not_of_tokens(self, token, bearer, log_in):
        client = log_in(is_staff=True, is_superuser=True, checks_csrf=True)
        for path in ("/reproq/run/", "/reproq/purge/", "/reproq/stress-test/"):
            response = client.post(path)
            assert response.status_code == 403
            assert response.json()["error"].startswith("CSRF verification failed")
        assert client.get(STATS).status_code == 200
        client.cookies["csrftoken"] = "a" * 32
        assert client.post("/reproq/run/", headers={"X-CSRFToken": "a" * 32}).status_code == 200
        outside = Client(enforce_csrf_checks=True)
        assert outside.post("/reproq/run/", headers=bearer).status_code == 200

    @pytest.mark.parametrize(
        ("permission", "method", "path"),
        [
            ("change_taskrun", "post", "/reproq/run-one/"),
            ("view_taskrun", "get", "/reproq/status/1/"),
            ("delete_taskrun", "post", "/reproq/purge/"),
        ],
    )
    def test_staff_need_the_permission_to_touch_tasks(self, log_in, permission, method, path):
        client = log_in(is_staff=True)
        assert getattr(client, method)(path).status_code == 403
        user = get_user_model().objects.get()
        user.user_permissions.add(Permission.objects.get(codename=permission))
        assert getattr(client, method)(path).status_code in (200, 404)


def test_wrong_methods_are_answered_in_json(token, bearer):
    for method, path in [
        ("delete", STATS),
        ("post", STATS),
        ("get", "/reproq/run/"),
        ("put", "/reproq/tui/pair/"),
        ("options", "/reproq/tui/config/"),
        ("post", "/reproq/tui/metrics/"),
    ]:
        response = getattr(Client(), method)(path, headers=bearer)
        assert (response.status_code, response.json()) == (405, {"error": "method not allowed"})
        assert response.headers["Allow"]


def test_answers_are_not_kept_by_anybody(token, bearer):
    assert Client().get(STATS, headers=bearer).headers["Cache-Control"] == "no-store"
