"""A monitor in this process, without a worker, and requests to it."""

import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from reproq_worker.config import WorkerConfig
from reproq_worker.held import Held
from reproq_worker.monitor.config import MonitorConfig
from reproq_worker.monitor.server import Monitor
from reproq_worker.supervisor.database import OutageLog, Session
from reproq_worker.supervisor.exchange import Exchanged
from reproq_worker.supervisor.ledger import Outcome

NOWHERE = "postgresql://127.0.0.1:1/nowhere"


@dataclass
class Served:
    """A monitor that listens, and how to ask it."""

    monitor: Monitor
    port: int

    def connect(self, timeout: float = 5, context: Any = None) -> http.client.HTTPConnection:
        if context is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=context)

    def get(
        self, path: str, token: str = "", method: str = "GET", context: Any = None
    ) -> tuple[int, str]:
        """Status and body."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection = self.connect(context=context)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def listen(self, query: str = "") -> http.client.HTTPResponse:
        """An open stream of events."""
        connection = self.connect()
        connection.request("GET", f"/events{query}")
        answer = connection.getresponse()
        assert answer.status == 200
        return answer


def told(stream: http.client.HTTPResponse, number: int) -> list[dict[str, Any]]:
    """The next events of a stream."""
    events: list[dict[str, Any]] = []
    while len(events) < number:
        line = stream.readline().decode()
        assert line, "the stream has ended"
        if line.startswith("data: "):
            events.append(json.loads(line.removeprefix("data: ")))
    return events


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Starts monitors with these settings, on a database or on none."""
    started: list[Monitor] = []

    def serve(dsn: str = NOWHERE, **settings: Any) -> Served:
        settings = {"addr": "127.0.0.1:0"} | settings
        config = WorkerConfig(dsn=dsn, worker_id="w-1")
        session = Session(dsn, "monitor", OutageLog())
        monitor = Monitor(config, MonitorConfig(**settings), session, [])
        monitor.start()
        started.append(monitor)
        return Served(monitor, monitor.port)

    yield serve
    for monitor in started:
        monitor.stop()
        assert not monitor.is_running


def ended(run: Held, raw: bytes, status: str, next_run: str | None = None) -> Exchanged:
    """A round trip that has delivered this outcome."""
    return Exchanged(settled=[(Outcome(run, raw), True, status, next_run)])


def held(result_id: int, queue: str = "default") -> Held:
    """A run as a worker holds it."""
    return Held(result_id, 1, 60, "shop.tasks.charge", queue, 1, 3, 3.0, "{}", (), 0.0)
