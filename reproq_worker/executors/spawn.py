"""Spawn mode: a new program for each task, by default `python -m reproq_django.executor`."""

import asyncio
import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from typing import IO, Any

from reproq_worker.config import WorkerConfig
from reproq_worker.executors import (
    ExecutorUnusable,
    Finished,
    NextRun,
    StopReason,
    envelope,
    outcome_of,
    secrets,
)
from reproq_worker.executors.child import encode_outcome
from reproq_worker.executors.output import Output, Written
from reproq_worker.executors.process import ProcessExecutor
from reproq_worker.executors.slot import Slot
from reproq_worker.held import Held
from reproq_worker.logs import log

_ASK_DEBUG = (
    "import json, os, sys; os.environ.update(json.load(sys.stdin));"
    " from django.conf import settings; raise SystemExit(not settings.DEBUG)"
)
_NOT_INLINE = "Payload mode inline disabled in production builds; use stdin or file"


class SpawnExecutor(ProcessExecutor):
    """Starts programs through a zygote that has nothing loaded: it signals and reaps them."""

    def __init__(self, config: WorkerConfig) -> None:
        super().__init__(config)
        self._slots = [Program(index, self) for index in range(config.concurrency)]
        self.config = config
        self._command = shlex.split(config.executor_command)

    async def start(self, finished: Finished, freed: Any, next_run: NextRun) -> None:
        """Start the zygote; ExecutorUnusable where payloads would be shown to everybody."""
        if self.config.payload_mode == "inline":
            await self._refuse_in_production()
        await super().start(finished, freed, next_run)

    def begin(self, program: "Program", descriptors: list[int], payload: list[str]) -> Output:
        """Start a program for a slot and return what it will write to."""
        assert self._link is not None
        assert self._reports is not None
        # An answer is none of the worker's own output.
        output = self._reports.output(passes_stdout_on=False)
        run = program.run
        words = [*payload, "--result-id", str(run.result_id), "--attempt", str(run.attempt)]
        self._link.fork(
            program.index, [*descriptors, *output.hand_over()], [*self._program(), *words]
        )
        return output

    def _program(self) -> list[str]:
        if self._command:
            return self._command
        words = [self.config.python_bin, "-m", self.config.executor_module]
        settings = os.environ.get("DJANGO_SETTINGS_MODULE")
        return [*words, "--settings", settings] if settings else words

    def _settings(self) -> dict[str, Any]:
        variables = {}
        if not self._command and self.config.python_bin == sys.executable:
            variables["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
        if self.config.logs_dir:
            variables["REPROQ_EXECUTOR_STDOUT"] = "1"
        return super()._settings() | {"executor_module": None, "variables": variables}

    def _fill(self, slot: Slot) -> None:
        slot.revive()
        self._idle.append(slot)
        self._freed()

    def _on_exit(self, slot: Slot, status: int) -> None:
        if not self._closing:
            slot.exited(status, self._describe_exit(status))

    async def _refuse_in_production(self) -> None:
        asked = None
        if not self._command:
            hidden, visible = secrets.apart(self._environment())
            asked = await asyncio.to_thread(
                subprocess.run,
                [self.config.python_bin, "-c", _ASK_DEBUG],
                input=json.dumps(hidden).encode(),
                env=visible,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        if asked is None or asked.returncode:
            raise ExecutorUnusable(_NOT_INLINE)
        log.warning("payload mode inline shows arguments to everybody on this machine")


class Program(Slot):
    """A slot in which a program runs for as long as a run does."""

    _owner: SpawnExecutor
    run: Held

    def __init__(self, index: int, owner: SpawnExecutor) -> None:
        super().__init__(index, owner)
        self._lost = True
        self._file: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it may take a run."""
        return self._run is None and not self._lost

    def revive(self) -> None:
        """There is a zygote to start programs again."""
        self._lost = False

    def begin(self, run: Held, limit: float) -> None:
        """Start a program for a run; it is killed after `limit` seconds."""
        self._run = self.run = run
        self._reason = None
        self._limit = limit
        self._timer = self._owner.call_later(limit, self.kill, StopReason.TIMEOUT)
        payload = envelope.payload_of(json.loads(run.payload))
        mode = self._owner.config.payload_mode
        words = [f"--payload-{mode}" if mode != "inline" else "--payload-json"]
        if mode == "file":
            words.append(self._write(payload))
        elif mode == "inline":
            words.append(payload.decode())
        stdin = _file_with(payload if mode == "stdin" else b"")
        self._output = self._owner.begin(self, [stdin], words)

    def forked(self, pid: int) -> None:
        """The program runs; it may have been given up meanwhile."""
        super().forked(pid)
        if (reason := self._reason) is not None:
            self._reason = None
            self.kill(reason)

    def kill(self, reason: StopReason) -> None:
        """End the whole group of the program, as soon as there is one."""
        if self._pid is None and self._run is not None:
            self._reason = reason if reason is StopReason.LOST else self._reason or reason
        else:
            super().kill(reason)

    def exited(self, status: int, how: str) -> None:
        """The program is gone: what it wrote is its answer, unless somebody stopped it."""
        self._pid = None
        assert self._output is not None
        self._output.drain()
        written = self._output.take() or Written(b"", b"")
        self._close_output()
        config = self._owner.config
        if self._reason is not None:
            raw, printed = outcome_of(self._reason, self._limit), b""
        else:
            outcome, printed = envelope.read(written.stdout, status, how, config.max_stdout_bytes)
            raw = encode_outcome(outcome, config.max_result_bytes)
        self._end(raw, Written(printed, written.stderr))

    def lost_child(self, how: str) -> bool:
        """The zygote is gone, and the program with it."""
        self._lost = True
        self._forget_file()
        return super().lost_child(how)

    def _end(self, raw: bytes | None, written: Written) -> None:
        self._stop_timer()
        self._forget_file()
        run, self._run = self._run, None
        has_written = bool(written.stdout or written.stderr)
        self._owner.run_ended(self, run, raw, written if has_written else None)

    def _write(self, payload: bytes) -> str:
        prefix = f"reproq-payload-{self.run.result_id}-"
        descriptor, self._file = tempfile.mkstemp(".json", prefix)
        with open(descriptor, "wb") as file:
            file.write(payload)
        return self._file

    def _forget_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.unlink(file)

    def discard(self) -> None:
        """Forget program and run; the worker is leaving."""
        self._forget_file()
        super().discard()


def _file_with(data: bytes) -> int:
    """A descriptor to read the data from, which no name leads to."""
    file: IO[bytes]
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        file.seek(0)
        return os.dup(file.fileno())
