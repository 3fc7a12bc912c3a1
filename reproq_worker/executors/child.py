"""The life of one warm child: take a run, execute it, answer, until the channel closes."""

import contextlib
import json
import os
import socket
import sys
import traceback
from types import ModuleType
from typing import Any, NoReturn

from reproq_worker import outcomes
from reproq_worker.executors import wire
from reproq_worker.executors.restore import ProcessState, identity

#: How a child ends when a task took its channel away; the supervisor explains it.
EXIT_CHANNEL_LOST = 71


def execute(module: ModuleType, body: bytes, worker_id: str, max_bytes: int) -> bytes:
    """Run one claimed run and encode its outcome, whatever the executor module does."""
    try:
        run = json.loads(body)
        run["worker_id"] = worker_id
        outcome = module.execute(run)
    except BaseException as error:
        # SystemExit and KeyboardInterrupt too: a task that leaves is a task that failed.
        outcome = failure(error)
    return encode_outcome(outcome, max_bytes)


def encode_outcome(outcome: dict[str, Any], max_bytes: int) -> bytes:
    """Encode an outcome; one that is no JSON, or too large, becomes a failure that says so."""
    try:
        raw = outcomes.encode(outcome)
    except (TypeError, ValueError, RecursionError) as error:
        raw = outcomes.encode(failure(error))
    if len(raw) > max_bytes:
        raw = outcomes.encode(outcomes.too_large(len(raw), max_bytes))
    return raw


def failure(error: BaseException) -> dict[str, Any]:
    """The outcome of an attempt that raised."""
    kind = type(error)
    message = str(error)
    if isinstance(error, SystemExit):
        message = f"The task called sys.exit({error.code!r})."
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:
        text = ""
    return outcomes.failed(
        "app_error", f"{kind.__module__}.{kind.__qualname__}", message, retry=True, traceback=text
    )


def serve(channel: socket.socket, module: ModuleType, settings: dict[str, Any]) -> NoReturn:
    """Answer the supervisor's runs one after another; never returns."""
    me = os.getpid()
    own = identity(channel.fileno())
    before = ProcessState()
    try:
        while (body := wire.read_frame(channel)) is not None:
            raw = execute(module, body, settings["worker_id"], settings["max_result_bytes"])
            if os.getpid() != me:
                os._exit(0)  # the task forked and its child came back here: not ours to answer
            _flush()
            if identity(channel.fileno()) != own:
                os._exit(EXIT_CHANNEL_LOST)
            before.restore()
            channel.sendall(wire.frame(raw))
    except OSError:
        os._exit(EXIT_CHANNEL_LOST)
    os._exit(0)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
