"""What goes wrong: each fault is a small class that knows how to strike once."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Literal, Protocol

from tests.worker.process import is_alive

if TYPE_CHECKING:
    from tests.chaos.scene import Scene


class Fault(Protocol):
    """Strikes once at something that chance picks; says what it hit, or None for nothing."""

    def strike(self, scene: "Scene", chance: Random) -> str | None: ...


@dataclass(frozen=True)
class KillWorker:
    """kill -9 of a worker that works; what is below it must be gone soon after.

    One is spared: where a start takes long, nothing would ever be done.
    """

    def strike(self, scene: "Scene", chance: Random) -> str | None:
        worker = scene.crew.pick(chance, spare=1)
        if worker is None:
            return None
        below = worker.descendants()
        worker.process.kill()
        killed = time.monotonic()
        while any(map(is_alive, below)) and time.monotonic() < killed + 10:
            time.sleep(0.01)
        scene.outlived.append(time.monotonic() - killed)
        return f"worker {worker.pid}"


@dataclass(frozen=True)
class KillChild:
    """kill -9 of a process that runs tasks."""

    def strike(self, scene: "Scene", chance: Random) -> str | None:
        worker = scene.crew.pick(chance)
        with suppress(OSError):
            if worker and (children := worker.children()):
                child = chance.choice(children)
                os.kill(child, signal.SIGKILL)
                return f"child {child}"
        return None


@dataclass(frozen=True)
class StopWorker:
    """SIGSTOP past the lease, then SIGCONT: it believes it still holds what others have."""

    seconds: float

    def strike(self, scene: "Scene", chance: Random) -> str | None:
        worker = scene.crew.pick(chance)
        if worker is None:
            return None
        worker.signal(signal.SIGSTOP)
        scene.sleep(self.seconds)
        worker.signal(signal.SIGCONT)
        return f"worker {worker.pid}"


@dataclass(frozen=True)
class ReplaceWorker:
    """SIGTERM, and a new worker in its place: a deploy."""

    def strike(self, scene: "Scene", chance: Random) -> str | None:
        worker = scene.crew.pick(chance)
        if worker is None or not scene.crew.retire(worker):
            return None
        worker.signal(signal.SIGTERM)
        return f"worker {worker.pid}"


@dataclass(frozen=True)
class KillProducer:
    """kill -9 of a producer, mostly in mid-transaction."""

    def strike(self, scene: "Scene", chance: Random) -> str | None:
        producer = chance.choice(scene.producers)
        if not producer.kill():
            return None
        return f"producer {producer.part}"


@dataclass(frozen=True)
class TerminateBackend:
    """End the session of any client but the watchers."""

    def strike(self, scene: "Scene", chance: Random) -> str | None:
        with scene.watcher() as conn:
            rows = conn.execute(
                "select pid, application_name from pg_stat_activity"
                " where backend_type = 'client backend' and datname = current_database()"
                " and application_name <> %s order by backend_start, pid",
                [scene.WATCHER],
            ).fetchall()
            if not rows:
                return None
            pid, name = chance.choice(rows)
            conn.execute("select pg_terminate_backend(%s)", [pid])
            return f"{name or 'client'} {pid}"


@dataclass(frozen=True)
class RestartPostgres:
    """`-m immediate` is a crash, `-m fast` a restart that ends everybody's work."""

    mode: Literal["immediate", "fast"]

    def strike(self, scene: "Scene", chance: Random) -> str | None:
        scene.server.restart(self.mode)
        return self.mode


@dataclass(frozen=True)
class LockTable:
    """What an ALTER TABLE would do: nobody reads or writes a record for a while."""

    seconds: float

    def strike(self, scene: "Scene", chance: Random) -> str | None:
        with scene.watcher() as conn, conn.transaction():
            conn.execute("lock table task_runs in access exclusive mode")
            scene.sleep(self.seconds)
        return f"{self.seconds:g} s"


@dataclass(frozen=True)
class HoldSnapshot:
    """An idle transaction with a snapshot: nothing that dies after it can be vacuumed."""

    seconds: float

    def strike(self, scene: "Scene", chance: Random) -> str | None:
        with scene.watcher() as conn, conn.transaction():
            conn.execute("set transaction isolation level repeatable read")
            conn.execute("select count(*) from task_runs")
            scene.sleep(self.seconds)
        return f"{self.seconds:g} s"
