"""The life of one warm child: take a run, execute it, answer, until the channel closes."""

import fcntl
import json
import os
import sys
import termios
import traceback
from types import ModuleType
from typing import Any, NoReturn

from reproq_worker import outcomes
from reproq_worker.executors import memory, wire
from reproq_worker.executors.restore import ProcessState, identity

#: How a child ends when a task took its channel away; the supervisor explains it.
EXIT_CHANNEL_LOST = 71

_NO_BYTES = bytes(4)
#: What most tasks return.
_NOTHING = outcomes.completed(None)
_NOTHING_ENCODED = outcomes.encode(_NOTHING)
#: By then Python has adapted the code, and writes no more to it.
_REHEARSALS = 3
#: (json.loads would first find out how the text is encoded, and look for space around it.)
_decode = json.JSONDecoder().raw_decode


def execute(module: ModuleType, body: bytes, worker_id: str) -> dict[str, Any]:
    """Run one claimed run and return its outcome, whatever the executor module does."""
    try:
        run, _ = _decode(body.decode())
        run["worker_id"] = worker_id
        return module.execute(run)
    except MemoryError as error:
        memory.allow_last_words()
        return failure(error)
    except BaseException as error:
        # SystemExit and KeyboardInterrupt too: a task that leaves is a task that failed.
        return failure(error)


def begin_thread(module: Any) -> None:
    """Tell an executor module that likes to know it that only runs come in this thread."""
    if begin := getattr(module, "begin_thread", None):
        begin()


def encode_outcome(outcome: dict[str, Any], max_bytes: int) -> bytes:
    """Encode an outcome; one that is no JSON, or too large, becomes a failure that says so."""
    if outcome == _NOTHING:
        return _NOTHING_ENCODED
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


def rehearse() -> None:
    """Decode and encode in the parent: a fork would copy more pages to do it for the first time."""
    for _ in range(_REHEARSALS):
        encode_outcome(_decode('{"outcome": [1, "two", null]}')[0], max_bytes=100)


def serve(channel: int, module: ModuleType, settings: dict[str, Any]) -> NoReturn:
    """Answer the supervisor's runs one after another; never returns.

    The zygote has begun this thread: a fork is a copy of it.
    """
    me = os.getpid()
    own = identity(channel)
    runs_left = settings["max_tasks_per_child"]
    # After its last run a child puts nothing back, and the supervisor looks for output unasked.
    before = ProcessState() if runs_left != 1 else None
    max_memory = settings["max_memory"]
    leaving = False
    try:
        while not leaving and (body := wire.read_frame(channel)) is not None:
            outcome = execute(module, body, settings["worker_id"])
            met_limit = max_memory and memory.explain(outcome, max_memory)
            raw = encode_outcome(outcome, settings["max_result_bytes"])
            if os.getpid() != me:
                os._exit(0)  # the task forked and its child came back here: not ours to answer
            _flush()
            if identity(channel) != own:
                os._exit(EXIT_CHANNEL_LOST)
            runs_left -= 1
            leaving = runs_left == 0 or bool(met_limit) or memory.is_worn_out(max_memory)
            note = b""
            if leaving:
                note = wire.frame(wire.LEAVING)
            elif before:
                before.restore()
                if any(map(_holds_data, before.output)):
                    note = wire.frame(wire.OUTPUT_WAITS)
            wire.write(channel, note + wire.frame(raw))
    except OSError:
        os._exit(EXIT_CHANNEL_LOST)
    os._exit(0)


def _holds_data(pipe: int | None) -> bool:
    """Whether the worker has not read all that was written to a pipe."""
    if pipe is None:
        return False
    try:
        return any(fcntl.ioctl(pipe, termios.FIONREAD, _NO_BYTES))
    except OSError:
        return False


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:  # (as a context manager it would copy more pages)
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
