"""A worker as a process of its own, and the queue that it works on, seen from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

ROOT = Path(__file__).resolve().parents[2]
INTERVALS = ["backoff_base", "expires_in", "run_in"]
COMMAND = [sys.executable, "-c", "from reproq_worker.cli import main; main()", "worker"]


def until(condition: Callable[[], Any], seconds: float = 20.0, every: float = 0.01) -> Any:
    """Wait for a condition to be true and return what it gave; fail when it takes too long."""
    give_up_at = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        assert time.monotonic() < give_up_at, f"not so within {seconds} s"
        time.sleep(every)


def is_alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def noted(file: Path) -> list[list[int]]:
    """The numbers that tasks wrote down, a list a line, without the time."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [[int(word) for word in line.split()[1:]] for line in lines]


class Worker:
    """`reproq worker` with the plain executor."""

    def __init__(
        self,
        dsn: str,
        log: Path,
        flags: tuple[object, ...],
        environment: dict[str, str],
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._log = log
        defaults = ["--executor-module", "tests.worker.plain_executor", "--concurrency", "2"]
        with log.open("w") as file:
            self.process = subprocess.Popen(
                [*COMMAND, *defaults, *map(str, flags)],
                env=os.environ | {"DATABASE_URL": dsn} | environment,
                cwd=ROOT,
                stdout=file,
                stderr=file,
                stdin=stdin,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    def ready(self) -> "Worker":
        """Wait until it claims."""
        until(lambda: "working on" in self.log or self.process.poll() is not None, 10)
        assert self.process.poll() is None, self.log
        return self

    def leave(self, seconds: float = 15) -> int:
        """Wait for its end and return the exit code."""
        return self.process.wait(seconds)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def descendants(self) -> list[int]:
        """Every living process below it."""
        found, look = [], [self.pid]
        while look:
            pid = look.pop()
            try:
                below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            except OSError:
                continue
            look += map(int, below)
            found += map(int, below)
        return [pid for pid in found if is_alive(pid)]

    def children(self) -> list[int]:
        """The processes that run tasks: below the zygote, which is below the worker."""
        zygotes = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [
            int(child)
            for zygote in zygotes
            for child in Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()
        ]

    def destroy(self) -> None:
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


class Queue:
    """Puts runs of the plain executor's tasks in and reads records."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._cursor = conn.cursor(row_factory=dict_row)

    def enqueue(self, name: str, *args: Any, **options: Any) -> int:
        """Enqueue `plain.<name>`; options are parameters of reproq_enqueue."""
        options = {"task_path": f"plain.{name}", "args": json.dumps(args), "dedup": False} | options
        casts = {"args": "::jsonb"} | dict.fromkeys(INTERVALS, "::interval")
        params = ", ".join(f"{key} => %({key})s{casts.get(key, '')}" for key in options)
        row = self._cursor.execute(f"select reproq_enqueue({params}) as id", options).fetchone()
        return row["id"]

    def run(self, result_id: int) -> dict[str, Any]:
        """The record of a run."""
        statement = "select * from task_runs where result_id = %s"
        return self._cursor.execute(statement, [result_id]).fetchone()

    def status(self, result_id: int) -> str:
        return self.run(result_id)["status"]

    def ended(self, result_id: int, seconds: float = 20.0) -> dict[str, Any]:
        """Wait for the run's end and return its record."""
        done = ("SUCCESSFUL", "FAILED", "CANCELLED")
        until(lambda: self.status(result_id) in done, seconds)
        return self.run(result_id)

    def running(self, result_id: int, seconds: float = 20.0) -> None:
        """Wait until it runs."""
        until(lambda: self.status(result_id) == "RUNNING", seconds)

    def attempt_failed(self, result_id: int, seconds: float = 20.0) -> dict[str, Any]:
        """Wait for the first entry of errors_json and return it."""
        return until(lambda: self.run(result_id)["errors_json"], seconds)[0]

    def value(self, statement: str, *arguments: Any) -> Any:
        row = self._cursor.execute(statement, arguments).fetchone()
        return next(iter(row.values()))
