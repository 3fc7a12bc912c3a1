"""Every setting of a worker and its default, in one place."""

import os
import shlex
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from reproq_worker.errors import ConfigError
from reproq_worker.monitor.config import MonitorConfig

MAX_CONCURRENCY = 1000
ISOLATIONS = ("process", "fork", "thread", "spawn")
PAYLOAD_MODES = ("stdin", "file", "inline")
LOG_FORMATS = ("json", "human")


def default_worker_id() -> str:
    """`hostname-pid`: unique among the workers that are alive."""
    return f"{socket.gethostname()}-{os.getpid()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """What a worker does and for how long; all durations are seconds."""

    dsn: str = field(repr=False)
    #: Where to LISTEN: PgBouncer in transaction mode cannot, so it needs a way around it.
    listen_dsn: str | None = field(default=None, repr=False)
    worker_id: str = field(default_factory=default_worker_id)
    #: What this process is, in events and in what it says about its memory.
    process_role: str = "worker"
    queues: tuple[str, ...] = ("default",)
    concurrency: int = 10
    isolation: str = "process"
    executor_module: str = "reproq_django.executor"
    #: In `spawn` mode: the Python that runs the executor module.
    python_bin: str = field(default_factory=lambda: sys.executable)
    #: In `spawn` mode, and in place of these two: a program of any language, with its arguments.
    executor_command: str = ""
    #: In `spawn` mode: how a program gets its run. `inline` shows it to everybody on the machine.
    payload_mode: str = "stdin"
    #: Modules whose tasks may run; None leaves the choice to the executor's own default.
    allowed_task_modules: str | None = None

    lease_seconds: float = 300
    #: 0 turns renewal off; runs are then killed before their first lease ends.
    heartbeat_seconds: float = 60
    #: The longest time between two looks for lost leases: every tick looks, about once a second.
    #: 0 leaves reclaiming to other workers and to the tick of a scheduler.
    reclaim_interval_seconds: float = 60
    poll_min_backoff: float = 0.1
    poll_max_backoff: float = 5
    #: No task runs longer, whatever its own timeout says.
    exec_timeout: float = 3600
    shutdown_timeout: float = 30
    #: A child is replaced after so many tasks; 0 means never.
    max_tasks_per_child: int = 0
    #: Bytes that the process of a task may take; 0 means no limit.
    max_memory: int = 0
    #: A run whose arguments are larger is not started.
    max_payload_bytes: int = 1048576
    max_result_bytes: int = 1048576
    #: What is kept of what a task writes, the beginning and the end; in `spawn` mode also the
    #: largest answer.
    max_stdout_bytes: int = 1048576
    max_stderr_bytes: int = 1048576
    #: A folder for what each attempt wrote; empty: that is passed on to standard error.
    logs_dir: str = ""
    #: The aging that this worker expects its queues to have, in seconds of waiting for a point of
    #: priority. The order is fixed by the database: a difference is worth a warning, no more.
    priority_aging_factor: float | None = None

    until_empty: bool = False
    #: 0 means no end.
    max_tasks: int = 0
    log_format: str = "human"
    #: For small machines: no monitor, whatever else is set.
    low_memory: bool = False
    #: Seconds between two lines about this process's memory; 0 means none.
    memory_log_interval: float = 0
    #: None: nothing is shown over HTTP.
    monitor: MonitorConfig | None = None

    def __post_init__(self) -> None:
        _need(self.dsn, "dsn", "is required")
        _need(self.worker_id.strip(), "worker_id", "must not be empty")
        _need(self.queues and all(self.queues), "queues", "must name at least one queue")
        _need(self.executor_module, "executor_module", "must name a module")
        _need(
            1 <= self.concurrency <= MAX_CONCURRENCY,
            "concurrency",
            f"must be between 1 and {MAX_CONCURRENCY}, not {self.concurrency}",
        )
        _one_of(self.isolation, "isolation", ISOLATIONS)
        for name in ("max_memory", "max_tasks_per_child"):
            _need(
                not getattr(self, name) or self.isolation != "thread",
                name,
                "needs processes: it does nothing with isolation thread",
            )
        _one_of(self.log_format, "log_format", LOG_FORMATS)
        try:
            shlex.split(self.executor_command)
        except ValueError as error:
            raise ConfigError(f"worker.executor_command cannot be read: {error}") from error
        _one_of(self.payload_mode, "payload_mode", PAYLOAD_MODES)
        for name in ("lease_seconds", "poll_min_backoff", "poll_max_backoff", "exec_timeout"):
            _need(getattr(self, name) > 0, name, "must be more than 0")
        for name in (
            "heartbeat_seconds",
            "reclaim_interval_seconds",
            "shutdown_timeout",
            "max_tasks",
            "memory_log_interval",
            "max_tasks_per_child",
            "max_memory",
        ):
            _need(getattr(self, name) >= 0, name, "must not be negative")
        for name in (
            "max_payload_bytes",
            "max_result_bytes",
            "max_stdout_bytes",
            "max_stderr_bytes",
        ):
            _need(getattr(self, name) >= 1024, name, "must be at least 1024")
        _need(
            self.priority_aging_factor is None or self.priority_aging_factor >= 0,
            "priority_aging_factor",
            "must not be negative",
        )
        _need(
            self.heartbeat_seconds < self.lease_seconds / 2,
            "heartbeat_seconds",
            f"must be less than half of lease_seconds ({self.lease_seconds:g}),"
            f" not {self.heartbeat_seconds:g}: one lost heartbeat would lose the lease",
        )
        _need(
            self.poll_max_backoff >= self.poll_min_backoff,
            "poll_max_backoff",
            "must be >= worker.poll_min_backoff",
        )

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "WorkerConfig":
        """The settings that were given (None means not given) and fitting defaults for the rest.

        A short lease brings a shorter heartbeat, and a short longest pause a shorter first one.
        """
        chosen = {name: value for name, value in given.items() if value is not None}
        if lease := chosen.get("lease_seconds"):
            chosen.setdefault("heartbeat_seconds", min(_default("heartbeat_seconds"), lease / 3))
        if longest := chosen.get("poll_max_backoff"):
            chosen.setdefault("poll_min_backoff", min(_default("poll_min_backoff"), longest))
        return cls(**chosen)


def _default(name: str) -> Any:
    return next(field.default for field in fields(WorkerConfig) if field.name == name)


def _need(condition: object, name: str, problem: str) -> None:
    if not condition:
        raise ConfigError(f"worker.{name} {problem}")


def _one_of(value: str, name: str, choices: tuple[str, ...]) -> None:
    _need(value in choices, name, f"must be one of {', '.join(choices)}, not {value!r}")
