"""The monitor: hears what the supervisor does, and serves it from a thread of its own.

The supervisor's thread only counts and appends; formatting, sockets and the monitor's one
connection to Postgres belong to the other thread's loop.
"""

import asyncio
import json
import socket
import ssl
import threading
import time
from collections import Counter as Tally

import uvicorn

from reproq_worker.config import WorkerConfig
from reproq_worker.errors import ConfigError
from reproq_worker.held import Held
from reproq_worker.logs import log
from reproq_worker.monitor.app import application
from reproq_worker.monitor.collector import Collector
from reproq_worker.monitor.config import MonitorConfig
from reproq_worker.monitor.events import Event, Hub, of_failure
from reproq_worker.monitor.guard import Guard
from reproq_worker.monitor.metrics import Metrics
from reproq_worker.monitor.protocol import PatientProtocol
from reproq_worker.observer import Observer
from reproq_worker.supervisor.database import Session
from reproq_worker.supervisor.exchange import Exchanged
from reproq_worker.supervisor.ledger import Outcome

#: A supervisor whose loop has not turned for so long hangs.
_STALE_AFTER = 15.0
_STOP_SECONDS = 5.0
_MAX_HEADER = 65536
_MAX_CONNECTIONS = 200
_COMPLETE = b'{"outcome":"complete"'
_RELEASE = b'{"outcome":"release"'
_NOTHING: dict[str, str] = {}


class Monitor(Observer):
    """Serves /metrics, /healthz and /events of one worker."""

    def __init__(
        self, config: WorkerConfig, monitor: MonitorConfig, session: Session, others: list[Session]
    ) -> None:
        self._config = config
        self._monitor = monitor
        self._metrics = Metrics()
        self._collector = Collector(self._metrics, session, others)
        self._hub = Hub()
        self._beat_at = time.monotonic()
        self._is_draining = False

    # What the supervisor's thread calls.

    def start(self) -> None:
        """Listen, and serve in a thread; ConfigError when that is impossible."""
        self._socket = _listen(self._monitor)
        try:
            self._server = self._make_server()
        except (OSError, ssl.SSLError) as error:
            self._socket.close()
            raise ConfigError(f"metrics TLS cannot be used: {error}") from None
        self._thread = threading.Thread(target=self._serve, name="monitor", daemon=True)
        self._thread.start()
        scheme = "https" if self._monitor.tls_cert else "http"
        host = self._socket.getsockname()[0]
        log.info("monitor on %s://%s:%d", scheme, f"[{host}]" if ":" in host else host, self.port)

    @property
    def port(self) -> int:
        """Where it listens; the kernel's choice when 0 was asked for."""
        return int(self._socket.getsockname()[1])

    @property
    def is_running(self) -> bool:
        """Whether its thread lives."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End all answers and the thread."""
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)

    def beat(self) -> None:
        self._beat_at = time.monotonic()

    def draining(self) -> None:
        self._is_draining = True

    def traded(self, result: Exchanged, seconds: float) -> None:
        if result.asked_for:
            self._metrics.claimed(result.claimed, seconds)
        endings: Tally[tuple[str, bool]] = Tally()
        for outcome, accepted, status, next_run in result.settled:
            ok = outcome.raw.startswith(_COMPLETE)
            if accepted and (ok or not outcome.raw.startswith(_RELEASE)):
                endings[outcome.held.queue_name, ok] += 1
                self._tell_end(outcome, ok, status, next_run)
        self._metrics.ended(endings, seconds)

    def started(self, run: Held) -> None:
        self._publish("info", "task_started", run, _NOTHING)

    def left(self, run: Held, seconds: float) -> None:
        self._metrics.ran(run, seconds)

    def spent(self, operation: str, seconds: float) -> None:
        self._metrics.spent(operation, seconds)

    def _tell_end(
        self, outcome: Outcome, ok: bool, status: str | None, next_run: str | None
    ) -> None:
        if ok:
            self._publish("info", "task_success", outcome.held, _NOTHING)
        else:
            level, name, further = of_failure(_decoded(outcome.raw), status, next_run)
            self._publish(level, name, outcome.held, further)

    def _publish(self, level: str, name: str, run: Held, further: dict[str, str]) -> None:
        self._hub.publish(
            Event(
                time.time(),
                level,
                name,
                run.result_id,
                run.task_path,
                run.queue_name,
                run.attempt,
                run.max_attempts,
                self._config.worker_id,
                self._config.process_role,
                further,
            )
        )

    # What happens in the monitor's own thread.

    def _serve(self) -> None:
        try:
            asyncio.run(self._run())
        except Exception as error:
            log.error("the monitor has ended: %s", type(error).__name__)

    async def _run(self) -> None:
        self._hub.open()
        collecting = asyncio.create_task(self._collector.run())
        closing = asyncio.create_task(self._end_streams())
        await self._server.serve(sockets=[self._socket])
        for task in (collecting, closing):
            task.cancel()
        await asyncio.gather(collecting, closing, return_exceptions=True)
        await self._collector.close()

    async def _end_streams(self) -> None:
        while not self._server.should_exit:
            await asyncio.sleep(0.1)
        self._hub.close()

    def _is_alive(self) -> bool:
        return time.monotonic() - self._beat_at < _STALE_AFTER

    async def _is_ready(self) -> bool:
        return not self._is_draining and await self._collector.ping()

    def _make_server(self) -> uvicorn.Server:
        monitor = self._monitor
        app = application(Guard(monitor), self._metrics, self._hub, self._is_alive, self._is_ready)
        settings = uvicorn.Config(
            app,
            http=PatientProtocol,
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            # The address of a client is what the kernel says, not what a header claims.
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_MAX_CONNECTIONS,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=2,
            h11_max_incomplete_event_size=_MAX_HEADER,
            ssl_certfile=monitor.tls_cert,
            ssl_keyfile=monitor.tls_key,
            ssl_ca_certs=monitor.tls_client_ca,
            ssl_cert_reqs=ssl.CERT_REQUIRED if monitor.tls_client_ca else ssl.CERT_NONE,
        )
        settings.load()
        return uvicorn.Server(settings)


def _listen(monitor: MonitorConfig) -> socket.socket:
    host, port = monitor.endpoint()
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except OSError as error:
        raise ConfigError(f"cannot listen on metrics.addr {monitor.addr}: {error}") from None


def _decoded(raw: bytes) -> dict[str, object]:
    try:
        outcome = json.loads(raw)
    except ValueError:
        outcome = None
    return outcome if isinstance(outcome, dict) else {}
