"""A terminal gets a token: it asks for a code, a superuser approves it in a browser."""

import base64
import json
import re
import time
from threading import Barrier, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.db import connections
from django.test import Client

from reproq_django import pairing
from tests.http.conftest import TOKEN

pytestmark = [pytest.mark.django, pytest.mark.django_db]
PAIR = "/reproq/tui/pair/"


@pytest.fixture(autouse=True)
def _with_a_token(token):
    pass


@pytest.fixture
def at(monkeypatch):
    """The time of codes stands still; at(300) is five minutes from the test's begin.

    A code's stamp has whole seconds: with a clock that runs, one given out at the end of its
    second would be older than the test says.
    """
    begin = int(time.time())

    def at(seconds):
        monkeypatch.setattr(time, "time", lambda: begin + seconds)

    at(0)
    return at


def pair(method="get"):
    response = getattr(Client(), method)(PAIR)
    assert response.status_code == 200
    return response.json()


def poll(code):
    response = Client().get(f"{PAIR}{code}/")
    return response.status_code, response.json()


def page_of(said):
    parts = urlsplit(said["verify_url"])
    return f"{parts.path}?{parts.query}"


def test_the_whole_way(superuser):
    said = pair()
    assert poll(said["code"]) == (200, {"status": "pending"})
    shown = superuser.get(page_of(said))
    assert (shown.status_code, shown.templates[0].name) == (200, "reproq_tui/authorize.html")
    short = said["code"][:8].upper()
    assert f"{short[:4]} {short[4:]}" in shown.text
    assert poll(said["code"]) == (200, {"status": "pending"}), "approved by GET"
    assert "The terminal is let in" in superuser.post(page_of(said)).text

    status, body = poll(said["code"])
    assert (status, body["status"]) == (200, "approved")
    assert abs(body["expires_at"] - time.time() - 30 * 24 * 3600) < 60
    headers = {"Authorization": f"Bearer {body['token']}"}
    assert Client().get("/reproq/stats/", headers=headers).status_code == 200
    assert poll(said["code"]) == (404, {"status": "expired"}), "a second token"
    assert superuser.post(page_of(said)).status_code == 404, "approved a second time"


def test_what_a_terminal_is_told():
    for method in ("get", "post"):
        said = pair(method)
        assert abs(said["expires_at"] - time.time() - 600) < 60
        assert isinstance(said["expires_at"], int)
        assert said["verify_url"].startswith("http://testserver/reproq/tui/authorize/?code=")
        assert said["worker_metrics_url"] == "http://testserver/reproq/tui/metrics/"
        # By the names of RFC 8628.
        assert said["device_code"] == said["code"]
        assert re.fullmatch("[0-9a-f]{8}", said["user_code"])
        assert said["code"].startswith(said["user_code"])
        assert said["verification_uri"] == "http://testserver/reproq/tui/authorize/"
        assert said["verification_uri_complete"] == said["verify_url"]
        assert (said["expires_in"], said["interval"]) == (600, 2)
    assert len({pair()["code"] for _ in range(20)}) == 20


def test_the_link_does_not_tell_what_the_terminal_knows(superuser):
    said = pair()
    [linked] = parse_qs(urlsplit(said["verify_url"]).query)["code"]
    secret = said["code"][8:40]
    assert re.fullmatch("[0-9a-f]{32}", secret), "128 bits"
    assert secret not in linked
    superuser.post(page_of(said))
    for guess in (linked, said["user_code"], linked[:72]):
        assert poll(guess) == (404, {"status": "expired"})
    assert poll(said["code"])[1]["status"] == "approved"
    response = superuser.get("/reproq/tui/authorize/", {"code": said["code"]})
    assert response.status_code == 404, "what the terminal knows is no link"


def test_the_token(superuser):
    said = pair()
    superuser.post(page_of(said))
    header, claims, signature = poll(said["code"])[1]["token"].split(".")

    def decoded(part):
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    assert decoded(header) == b'{"alg":"HS256","typ":"JWT"}'
    assert "=" not in header + claims + signature
    assert b'": ' not in decoded(claims)
    said = json.loads(decoded(claims))
    user = get_user_model().objects.get()
    assert re.fullmatch("[0-9a-f]{16}", said.pop("jti"))
    assert said.pop("exp") - said.pop("iat") == 30 * 24 * 3600
    assert said == {
        "sub": str(user.pk),
        "username": user.username,
        "superuser": True,
        "iss": "reproq-django",
        "aud": "reproq-tui",
    }


class TestTimes:
    def test_a_code_holds_for_ten_minutes(self, superuser, at):
        said = pair()
        at(600)
        assert superuser.get(page_of(said)).status_code == 200
        at(601)
        for method in (superuser.get, superuser.post):
            response = method(page_of(said))
            assert response.status_code == 404
            assert "does not hold any more" in response.text

    def test_a_token_is_handed_out_for_five_minutes(self, superuser, at):
        said, other = pair(), pair()
        for each in (said, other):
            superuser.post(page_of(each))
        at(300)
        assert poll(said["code"])[1]["status"] == "approved"
        at(301)
        assert poll(other["code"]) == (404, {"status": "expired"})

    def test_also_where_it_was_approved_late(self, superuser, at):
        said = pair()
        at(600)
        superuser.post(page_of(said))
        at(900)
        assert poll(said["code"])[1]["status"] == "approved"

    def test_one_that_nobody_approves_expires(self, at):
        said = pair()
        at(901)
        assert poll(said["code"]) == (404, {"status": "expired"})


class TestApproval:
    def test_who_has_not_logged_in_is_sent_to_log_in(self, client):
        path = page_of(pair())
        response = client.get(path)
        assert response.status_code == 302
        assert response.url.startswith("/reproq/tui/login/?next=/reproq/tui/authorize/")
        user = get_user_model().objects.create_superuser("root", password="secret words")
        page = client.get(response.url)
        assert page.templates[0].name == "reproq_tui/login.html"
        form = {"username": user.username, "password": "secret words", "next": path}
        assert client.post("/reproq/tui/login/", form).url == path
        assert client.get(path).status_code == 200
        form["next"] = "https://elsewhere.example/"
        assert client.post("/reproq/tui/login/", form).url == "/reproq/stats/"

    def test_only_a_superuser_may(self, staff):
        said = pair()
        for method in (staff.get, staff.post):
            response = method(page_of(said))
            assert (response.status_code, response.json()) == (403, {"error": "superuser required"})
        assert poll(said["code"]) == (200, {"status": "pending"})

    def test_another_site_cannot_approve(self, log_in):
        client = log_in(is_superuser=True, checks_csrf=True)
        said = pair()
        assert client.post(page_of(said)).status_code == 403
        page = client.get(page_of(said))
        assert page.headers["X-Frame-Options"] == "DENY"
        found = re.search('name="csrfmiddlewaretoken" value="(.+?)"', page.text)
        form = {"csrfmiddlewaretoken": found[1]}
        assert client.post(page_of(said), form).status_code == 200
        assert poll(said["code"])[1]["status"] == "approved"

    def test_who_is_no_superuser_any_more_has_approved_nothing(self, superuser):
        said = pair()
        superuser.post(page_of(said))
        get_user_model().objects.update(is_superuser=False)
        assert poll(said["code"]) == (404, {"status": "expired"})

    @pytest.mark.parametrize("code", ["", "x", "a.b.c", "<script>", "\x00", "9" * 5000])
    def test_what_is_no_code(self, superuser, code):
        response = superuser.post("/reproq/tui/authorize/", {"code": code})
        assert response.status_code == 404
        assert "<script>" not in response.text


def test_who_guesses_codes_is_refused():
    code = pair()["code"]
    assert poll(code)[0] == 200
    for n in range(30):
        assert poll(f"{n:040x}.x.y") == (404, {"status": "expired"})
    assert poll(code) == (429, {"error": "rate limited"})
    assert Client(REMOTE_ADDR="10.0.0.2").get(f"{PAIR}{code}/").status_code == 200


def test_who_guesses_passwords_is_refused(log_in):
    log_in(password="right")
    client = Client()
    for n in range(30):
        page = client.post("/reproq/tui/login/", {"username": "user 0", "password": str(n)})
        assert page.status_code == 200
    right = {"username": "user 0", "password": "right"}
    assert client.post("/reproq/tui/login/", right).status_code == 429
    assert Client(REMOTE_ADDR="10.0.0.2").post("/reproq/tui/login/", right).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_two_that_fetch_at_once_one_gets_it(superuser):
    said = pair()
    superuser.post(page_of(said))
    found, start = [], Barrier(4)

    def fetch():
        start.wait()
        found.append(poll(said["code"])[1]["status"])
        connections.close_all()

    threads = [Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["approved", "expired", "expired", "expired"]


@pytest.mark.parametrize("engine", ["cache", "cached_db", "file"])
def test_every_store_of_sessions_that_all_processes_see_will_do(settings, engine, tmp_path):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    code, _, linked = pairing.begin()
    found = pairing.of_browser(linked)
    assert pairing.of_terminal(code).approved_by() is None
    found.approve("7")
    found.approve("8")
    assert pairing.of_terminal(code).approved_by() == "7"
    pairing.of_terminal(code).fetch()
    for late in (pairing.of_terminal(code).fetch, pairing.of_terminal(code).approved_by):
        with pytest.raises(pairing.Expired):
            late()


def test_sessions_in_cookies_will_not(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    response = Client().get(PAIR)
    assert response.status_code == 503
    assert response.json()["error"] == "sessions are kept in cookies"


def test_without_a_token_in_the_settings_nothing_is_there(settings, superuser):
    said = pair()
    settings.METRICS_AUTH_TOKEN = ""
    code = said["code"]
    paths = ["pair/", f"pair/{code}/", "config/", "authorize/", "login/"]
    for name in [*paths, "metrics/", "healthz/", "events/"]:
        response = superuser.get(f"/reproq/tui/{name}")
        assert (response.status_code, response.json()) == (404, {"error": "tui auth disabled"})


def test_the_signature_is_of_the_token_in_the_settings():
    from reproq_worker.monitor import tokens

    given, _ = tokens.issue(TOKEN, "1", "root", 60)
    assert tokens.claims(given.encode(), TOKEN)["sub"] == "1"
    assert tokens.claims(given.encode(), TOKEN[::-1]) is None


def test_the_page_speaks_french_where_django_does(superuser, settings):
    settings.LANGUAGE_CODE = "fr"
    page = superuser.get(page_of(pair())).text
    assert "Autoriser ce terminal ?" in page
    assert "verra les files en tant que user 0 pendant 30 jours" in page
