"""What becomes of a task's output: a log file, or the worker's own, and lines in an error entry."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from reproq_worker import outcomes
from reproq_worker.config import WorkerConfig
from reproq_worker.executors import ExecutorUnusable
from reproq_worker.executors.log_files import LogFiles
from reproq_worker.executors.output import Output, Written
from reproq_worker.executors.passing import PassOn
from reproq_worker.held import Held
from reproq_worker.logs import Faults

_LAST_LINES = 20
_LAST_BYTES = 4096
_WHAT = "writing log files"


class Reports:
    """Adds to outcomes what their tasks have written, and where that lies."""

    def __init__(
        self, config: WorkerConfig, finished: Callable[[Held, bytes | None], None]
    ) -> None:
        """ExecutorUnusable where there is a folder for logs and it cannot be used."""
        self._finished = finished
        self._limits = (config.max_stdout_bytes, config.max_stderr_bytes)
        self._faults = Faults()
        self._under_way: set[asyncio.Task[None]] = set()
        self._files = open_log_files(config)
        self._pass_on = PassOn() if self._files is None else None

    def output(self, passes_stdout_on: bool = True) -> Output:
        """Pipes for the output of one process."""
        return Output(self._limits, (self._pass_on if passes_stdout_on else None, self._pass_on))

    def finish(self, run: Held, raw: bytes | None, written: Written) -> None:
        """Report a run as finished, once its log is written."""
        if raw is not None and b'"error"' in raw and written.stderr:
            raw = with_last_lines(raw, written.stderr)
        if self._files is None:
            self._finished(run, raw)
        else:
            writing = asyncio.ensure_future(self._write(self._files, run, raw, written))
            self._under_way.add(writing)
            writing.add_done_callback(self._under_way.discard)

    def close(self) -> None:
        """Let what is to be passed on come out."""
        if self._pass_on is not None:
            self._pass_on.flush()

    async def _write(self, files: LogFiles, run: Held, raw: bytes | None, written: Written) -> None:
        try:
            # A slow disk must not keep leases from being renewed.
            path = await asyncio.to_thread(files.write, run.result_id, run.attempt, written)
            self._faults.over(_WHAT)
        except OSError as error:
            self._faults.tell(_WHAT, error.strerror or str(error))
        else:
            raw = raw and outcomes.with_key(raw, "logs_uri", path)
        finally:
            self._finished(run, raw)


def open_log_files(config: WorkerConfig) -> LogFiles | None:
    """The folder for log files, where there is to be one; ExecutorUnusable."""
    if not config.logs_dir:
        return None
    try:
        return LogFiles(config.logs_dir)
    except OSError as error:
        raise ExecutorUnusable(
            f"worker.logs_dir {config.logs_dir} cannot be used: {error.strerror}"
        ) from error


def with_last_lines(raw: bytes, stderr: bytes) -> bytes:
    """Add the end of a task's standard error to its error entry, where the outcome has one."""
    try:
        outcome: dict[str, Any] = json.loads(raw)
        outcome["error"]["stderr"] = last_lines(stderr)
        return outcomes.encode(outcome)
    except (ValueError, KeyError, TypeError, RecursionError):
        return raw  # an odd one is explained when it is delivered


def last_lines(stderr: bytes) -> str:
    """The last lines of a stream, as text that Postgres can hold."""
    text = stderr[-_LAST_BYTES:].decode(errors="replace").replace("\0", "\ufffd")
    return "\n".join(text.rstrip().splitlines()[-_LAST_LINES:])
