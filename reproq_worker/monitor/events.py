"""What happened, as /events tells it, and who is told."""

import asyncio
import contextlib
import json
import threading
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

KEPT = 200
_BUFFER = 50
_PING_EVERY = 15.0
_PING = b": ping\n\n"

#: By the kind of the error: how serious it is, and what it is called.
_FAILURES = {
    "security_violation": ("warn", "task_rejected"),
    "cancelled": ("warn", "task_cancelled"),
    "invalid_spec": ("error", "task_invalid"),
    "infra_error": ("error", "task_infra_error"),
    "timeout": ("error", "task_infra_error"),
    "lease_lost": ("error", "task_infra_error"),
}


@dataclass(slots=True, eq=False)
class Event:
    """One line of /events, put into words only when somebody reads it.

    It holds no argument, no result and no message of a task.
    """

    at: float
    level: str
    type: str
    task_id: int
    task_path: str
    queue: str
    attempt: int
    max_attempts: int
    worker_id: str
    role: str
    further: dict[str, str]

    def line(self) -> bytes:
        """As server-sent events want it."""
        moment = datetime.fromtimestamp(self.at, UTC).isoformat().replace("+00:00", "Z")
        body = {
            "ts": moment,
            "level": self.level,
            "type": self.type,
            "msg": f"{self.type.replace('_', ' ')}: {self.task_path}",
            "queue": self.queue,
            "task_id": self.task_id,
            "worker_id": self.worker_id,
            "metadata": {
                "task_path": self.task_path,
                "attempt": str(self.attempt),
                "max_attempts": str(self.max_attempts),
                "role": self.role,
                **self.further,
            },
        }
        return b"data: %s\n\n" % json.dumps(body, separators=(",", ":")).encode()


def of_failure(
    outcome: dict[str, Any], status: str | None, next_run: str | None
) -> tuple[str, str, dict[str, str]]:
    """Level, type and further metadata of an attempt that failed."""
    error = outcome.get("error")
    error = error if isinstance(error, dict) else {}
    kind = str(error.get("kind", "app_error"))
    ended = status in ("FAILED", "CANCELLED")
    level, name = _FAILURES.get(kind, ("error", "task_failed") if ended else ("warn", "task_retry"))
    metadata = {"reason": kind, "exception_class": str(error.get("exception_class", ""))}
    if kind in _FAILURES:  # our own words; an exception's may quote arguments
        metadata["error_message"] = str(error.get("message", ""))[:1024]
    if next_run is not None:
        metadata["next_run"] = next_run
    return level, name, metadata


@dataclass(eq=False)
class _Subscriber:
    queue: str | None
    worker_id: str | None
    task_id: int | None
    events: asyncio.Queue[Event | None] = field(default_factory=lambda: asyncio.Queue(_BUFFER))

    def wants(self, event: Event) -> bool:
        return (
            self.queue in (None, event.queue)
            and self.worker_id in (None, event.worker_id)
            and self.task_id in (None, event.task_id)
        )


class Hub:
    """Keeps the last events and hands new ones to whoever listens.

    `publish` may be called from any thread; all else belongs to the monitor's own loop.
    """

    def __init__(self) -> None:
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscribers: set[_Subscriber] = set()
        self._closed = False

    def open(self) -> None:
        """From now on subscribers are served by this loop."""
        self._loop = asyncio.get_running_loop()

    def publish(self, event: Event) -> None:
        """Keep an event and hand it on; never waits for anybody."""
        with self._lock:
            self._kept.append(event)
        if self._subscribers and self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(self._hand_on, event)

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        for subscriber in self._subscribers:
            self._push(subscriber, None)

    async def stream(
        self, queue: str | None, worker_id: str | None, task_id: int | None
    ) -> AsyncIterator[bytes]:
        """The last events, then each new one; a comment when there is none for a while."""
        subscriber = _Subscriber(queue, worker_id, task_id)
        # Subscribed before the look back: what comes meanwhile is in both, and told once.
        self._subscribers.add(subscriber)
        with self._lock:
            kept = list(self._kept)
        try:
            told = {id(event): event for event in kept}
            yield b"".join(e.line() for e in kept if subscriber.wants(e)) or _PING
            while not self._closed:
                try:
                    async with asyncio.timeout(_PING_EVERY):
                        event = await subscriber.events.get()
                except TimeoutError:
                    yield _PING
                    continue
                if event is None:
                    return
                if id(event) not in told:
                    yield event.line()
        finally:
            self._subscribers.discard(subscriber)

    def _hand_on(self, event: Event) -> None:
        for subscriber in self._subscribers:
            if subscriber.wants(event):
                self._push(subscriber, event)

    @staticmethod
    def _push(subscriber: _Subscriber, event: Event | None) -> None:
        if subscriber.events.full():
            if event is not None:
                return  # too slow for this one
            subscriber.events.get_nowait()
        subscriber.events.put_nowait(event)
