"""tui/config/ and what is passed on from a worker's monitor."""

import asyncio
import json
import logging
import socket
import subprocess
import sys
import time

import pytest
from django.test import AsyncClient, Client

from reproq_django import worker_urls
from reproq_django.views import proxy
from tests.http.conftest import TOKEN

pytestmark = [pytest.mark.django, pytest.mark.django_db]
KINDS = [("metrics", "metrics"), ("healthz", "health"), ("events", "events")]
SITE = "http://testserver/reproq/tui/"


@pytest.fixture
def get(bearer):
    def get(kind, query="", **headers):
        return Client().get(f"/reproq/tui/{kind}/{query}", headers=bearer | headers)

    return get


class TestConfig:
    def config(self):
        return Client().get("/reproq/tui/config/").json()

    def test_by_default_this_site_passes_it_on(self, token):
        assert self.config() == {
            "worker_metrics_url": f"{SITE}metrics/",
            "worker_health_url": f"{SITE}healthz/",
            "events_url": f"{SITE}events/",
        }

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("REPROQ_TUI_WORKER_URL", "https://w.example:9/x/"),
            ("REPROQ_TUI_WORKER_METRICS_URL", "https://w.example:9/x/metrics"),
            ("REPROQ_TUI_WORKER_HEALTH_URL", "https://w.example:9/x/healthz/"),
            ("REPROQ_TUI_EVENTS_URL", "https://w.example:9/x/events"),
        ],
    )
    def test_of_one_address_the_others_are_derived(self, token, monkeypatch, name, value):
        monkeypatch.setenv(name, value)
        said = self.config()
        assert said.pop("worker_url") == "https://w.example:9/x"
        assert {url.rstrip("/") for url in said.values()} == {
            f"https://w.example:9/x/{kind}" for kind, _ in KINDS
        }

    def test_each_may_be_given(self, token, settings):
        settings.REPROQ_TUI_WORKER_URL = "https://w.example"
        settings.REPROQ_TUI_EVENTS_URL = "https://e.example/stream"
        assert self.config()["events_url"] == "https://e.example/stream"
        assert self.config()["worker_metrics_url"] == "https://w.example/metrics"

    @pytest.mark.parametrize("value", ["1", "true", "YES", "on"])
    def test_events_can_be_switched_off(self, token, monkeypatch, get, worker, value):
        monkeypatch.setenv("REPROQ_TUI_DISABLE_EVENTS", value)
        assert "events_url" not in self.config()
        response = get("events")
        assert (response.status_code, response.json()) == (404, {"error": "events disabled"})
        assert get("metrics").status_code == 200

    def test_with_little_memory_there_is_nothing(self, token, monkeypatch, get, worker):
        monkeypatch.setenv("LOW_MEMORY_MODE", "1")
        said = self.config()
        assert said["low_memory_mode"] is True
        assert "events_url" not in said
        for kind, label in KINDS:
            response = get(kind)
            assert response.status_code == 503
            assert response.json() == {
                "error": f"{label} disabled (LOW_MEMORY_MODE enabled)",
                "hint": "Unset LOW_MEMORY_MODE to re-enable metrics/health/events.",
            }


@pytest.mark.parametrize(
    ("given", "base"),
    [
        ({}, "http://127.0.0.1:9090"),
        ({"METRICS_PORT": "9191"}, "http://127.0.0.1:9191"),
        ({"METRICS_PORT": 9191}, "http://127.0.0.1:9191"),
        ({"METRICS_ADDR": ":9090"}, "http://127.0.0.1:9090"),
        ({"METRICS_ADDR": "0.0.0.0:9092"}, "http://127.0.0.1:9092"),
        ({"METRICS_ADDR": "10.0.0.7:9092", "METRICS_PORT": "1"}, "http://10.0.0.7:9092"),
        ({"METRICS_ADDR": "[fd00::1]:9092"}, "http://[fd00::1]:9092"),
        (
            {"REPROQ_TUI_WORKER_INTERNAL_URL": "https://w:1/x/", "METRICS_ADDR": ":2"},
            "https://w:1/x",
        ),
        ({"REPROQ_TUI_WORKER_INTERNAL_URL": "worker:9090"}, "http://worker:9090"),
        ({"REPROQ_TUI_WORKER_INTERNAL_URL": "off"}, None),
        ({"REPROQ_TUI_WORKER_INTERNAL_URL": "file:///etc/passwd"}, None),
        ({"METRICS_ADDR": "host:notaport"}, None),
        ({"METRICS_ADDR": "[::bad"}, None),
    ],
)
def test_where_the_worker_is(settings, given, base):
    for name, value in given.items():
        setattr(settings, name, value)
    assert worker_urls.internal_url() == base
    assert worker_urls.target("metrics") == (base and f"{base}/metrics")


class TestPassingOn:
    @pytest.mark.parametrize(("kind", "label"), KINDS)
    def test_what_the_worker_says(self, get, worker, kind, label):
        response = get(kind)
        body = b"".join(response) if response.streaming else response.content
        assert (response.status_code, body) == (200, b"fine")
        assert worker.asked == [(f"/{kind}", f"Bearer {TOKEN}")]

    @pytest.mark.parametrize("status", [204, 302, 401, 418, 503])
    def test_whatever_its_status(self, get, worker, status):
        worker.status, worker.body = status, b'{"status": "so"}'
        worker.content_type = "application/json"
        response = get("healthz")
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/json"
        assert "Location" not in response.headers
        assert len(worker.asked) == 1, "a redirection was followed with our token"

    def test_nobody_else(self, token, worker, log_in, staff):
        for kind, _ in KINDS:
            for client in (Client(), log_in()):
                response = client.get(f"/reproq/tui/{kind}/")
                assert (response.status_code, response.json()) == (403, {"error": "Unauthorized"})
        assert worker.asked == []
        assert staff.get("/reproq/tui/metrics/").status_code == 200
        assert worker.asked == [("/metrics", f"Bearer {TOKEN}")]

    @pytest.mark.parametrize(("kind", "label"), KINDS)
    def test_a_worker_that_is_not_there(self, get, settings, kind, label):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            settings.METRICS_ADDR = f"127.0.0.1:{free.getsockname()[1]}"
            response = get(kind)
        assert (response.status_code, response.json()) == (502, {"error": f"{label} proxy failed"})

    @pytest.mark.parametrize(("kind", "label"), KINDS)
    def test_a_worker_that_hangs(self, get, worker, monkeypatch, kind, label):
        assert (proxy._SECONDS, proxy._EVENT_SECONDS) == (5, 30)
        monkeypatch.setattr(proxy, "_SECONDS", 0.05)
        monkeypatch.setattr(proxy, "_EVENT_SECONDS", 0.05)
        worker.hangs.clear()
        response = get(kind)
        assert (response.status_code, response.json()) == (504, {"error": f"{label} proxy timeout"})

    @pytest.mark.parametrize(("kind", "label"), KINDS)
    def test_a_worker_that_is_not_configured(self, get, settings, kind, label):
        settings.REPROQ_TUI_WORKER_INTERNAL_URL = "off"
        response = get(kind)
        assert (response.status_code, response.json()) == (
            404,
            {"error": f"{label} not configured"},
        )

    def test_a_token_that_no_header_can_hold(self, settings, worker, staff):
        settings.METRICS_AUTH_TOKEN = "日本"
        assert staff.get("/reproq/tui/metrics/").status_code == 502

    def test_each_is_logged(self, get, worker, caplog):
        caplog.set_level(logging.INFO, "reproq.http")
        get("metrics", **{"X-Forwarded-For": "10.1.1.1, 10.2.2.2", "X-Amzn-Trace-Id": "Root=1\t2"})
        get("healthz")
        first, second = [r.getMessage() for r in caplog.records if r.name == "reproq.http"]
        assert first.startswith("reproq_tui_proxy kind=metrics status=200 duration_ms=")
        assert first.endswith(
            f" target=http://{worker.address}/metrics client=10.1.1.1 request_id=Root=12"
        )
        assert second.endswith(" client=127.0.0.1 request_id=-")
        assert TOKEN not in first + second


class TestEvents:
    def test_the_stream(self, get, worker):
        worker.content_type = "text/event-stream"
        response = get("events", "?queue=mail&task_id=7")
        assert b"".join(response) == b"fine"
        assert worker.asked[0][0] == "/events?queue=mail&task_id=7"
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["X-Accel-Buffering"] == "no"

    def test_what_is_no_stream_has_the_workers_status(self, get, worker):
        worker.status, worker.body = 404, b'{"error": "events not configured"}'
        assert (get("events").status_code, get("events").content) == (404, worker.body)

    def test_under_asgi_it_comes_piece_by_piece(self, token, worker):
        async def read():
            headers = {"Authorization": f"Bearer {token}"}
            response = await AsyncClient().get("/reproq/tui/events/", headers=headers)
            assert response.is_async
            return [piece async for piece in response]

        assert asyncio.run(read()) == [b"fine"]


def test_a_real_worker(django_env, get, settings, tmp_path):
    """Metrics, health and events of `reproq worker`, with the token that both have."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.METRICS_PORT = str(port)
    command = [sys.executable, "-m", "reproq_worker", "worker", "--metrics-port", str(port)]
    environment = django_env | {"METRICS_AUTH_TOKEN": TOKEN}
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 30
        while (answer := get("healthz")).status_code != 200:
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            time.sleep(0.1)
        assert json.loads(answer.content)["status"] == "ok"
        assert b"reproq_" in get("metrics").content
        from tests.shop import tasks

        result = tasks.add.enqueue(1)
        result.wait(30)
        events = get("events", f"?task_id={result.result_id}")
        assert b"task_started" in next(iter(events))
        events.close()
    finally:
        process.terminate()
        process.wait(20)
