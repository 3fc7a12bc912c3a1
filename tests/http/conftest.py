"""Who asks, and a worker's monitor that says what a test wants."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import Client

from reproq_django import access
from reproq_django.failures import Failures

TOKEN = "a-token-of-more-than-sixty-four-bytes-which-is-what-SHA512-asks-for"


@pytest.fixture(autouse=True)
def _nobody_has_failed(monkeypatch):
    monkeypatch.setattr(access.failures, "_own", fresh_failures()._own)
    cache.clear()


def fresh_failures() -> Failures:
    """Those of a web process that has just been started."""
    return Failures(access._LIMIT, access._WINDOW_SECONDS, access._MOST_ADDRESSES)


@pytest.fixture
def token(settings) -> str:
    settings.METRICS_AUTH_TOKEN = TOKEN
    return TOKEN


@pytest.fixture
def bearer(token) -> dict[str, str]:
    """The headers of a program."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def log_in(db) -> Callable[..., Client]:
    """Clients with a session: log_in(is_staff=True, checks_csrf=True)."""

    def log_in(checks_csrf: bool = False, **who: Any) -> Client:
        client = Client(enforce_csrf_checks=checks_csrf)
        users = get_user_model().objects
        name = f"user {users.count()}"
        client.force_login(users.create_user(name, **who))
        return client

    return log_in


@pytest.fixture
def staff(log_in) -> Client:
    return log_in(is_staff=True)


@pytest.fixture
def superuser(log_in) -> Client:
    return log_in(is_staff=True, is_superuser=True)


class FakeWorker:
    """Answers what it is told to; `asked` has the paths and tokens of the requests."""

    status = 200
    body = b"fine"
    content_type = "text/plain"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.hangs = threading.Event()
        self.hangs.set()
        worker = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                worker.asked.append((self.path, self.headers["Authorization"]))
                worker.hangs.wait(5)
                self.send_response(worker.status)
                self.send_header("Content-Type", worker.content_type)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(worker.body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def worker(settings) -> Iterator[FakeWorker]:
    fake = FakeWorker()
    settings.METRICS_ADDR = fake.address
    yield fake
    fake.hangs.set()
    fake.server.shutdown()
    fake.server.server_close()
