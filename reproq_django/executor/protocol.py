"""The executor protocol: a payload in, an envelope out, and an exit code.

The payload is the spec of a run, an object of JSON; a worker adds what else it knows under `run`.
The envelope is the only thing on standard output. docs/executor-protocol.md is the reference.
"""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from reproq_worker.executors import secrets

from ..exceptions import PayloadError, Terminated
from . import execute
from .stdout import CapturedStdout

SETTINGS = "DJANGO_SETTINGS_MODULE"
#: Where nobody can be answered any more.
EXIT_NO_ANSWER = 71
_SHOWN_TO_ALL = "--payload-json shows the payload to everybody on this machine: not for production."


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one task, write the envelope and leave: 0 success, 1 failure, 2 bad usage."""
    options = make_parser().parse_args(arguments)
    secrets.take()
    me = os.getpid()
    signal.signal(signal.SIGTERM, _terminate)
    with CapturedStdout() as printed:
        envelope = _answer(options)
        if os.getpid() != me:
            os._exit(0)  # the task forked, and its child came back here
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if printed.size:
        note(f"Task wrote {printed.size} bytes to stdout; suppressed.")
        if os.environ.get("REPROQ_EXECUTOR_STDOUT"):
            envelope["stdout"] = printed.text()
    try:
        printed.write_through(_encoded(envelope))
    except OSError as e:
        note(f"The answer cannot be written: {e}")
        _leave(EXIT_NO_ANSWER)
    _leave(0 if envelope["ok"] else 1)


def note(text: str) -> None:
    """Write a line of the executor's own to standard error."""
    try:
        os.write(2, f"[reproq executor] {text}\n".encode(errors="replace"))
    except OSError:
        return


def envelope_of(outcome: dict[str, Any]) -> dict[str, Any]:
    """The envelope for an outcome of `execute`."""
    kept = {"metadata": outcome["metadata"]} if "metadata" in outcome else {}
    if outcome["outcome"] == "complete":
        return {"ok": True, "return": outcome["return_json"]} | kept
    if outcome["outcome"] == "recorded":
        return {"ok": True, "return": None, "recorded": True}
    how = {key: outcome[key] for key in ("retry", "retry_in") if key in outcome}
    return {"ok": False} | outcome["error"] | how | kept


def _answer(options: argparse.Namespace) -> dict[str, Any]:
    from .attempt import failure

    try:
        spec = _payload(options)
        _debug(f"payload read: {spec.get('task_path')!r}")
        _configure(options.settings, spec)
        if options.payload_json is not None and not settings.DEBUG:
            note(_SHOWN_TO_ALL)
        run = _run(options, spec)
        _debug(f"executing attempt {run['attempt']} of run {run['result_id']}")
        outcome = execute(run)
        _debug(f"outcome: {outcome['outcome']}")
    except (PayloadError, ImproperlyConfigured) as e:
        outcome = failure(e, retry=False)
    except BaseException as e:
        outcome = failure(e, retry=True)
    return envelope_of(outcome)


def _payload(options: argparse.Namespace) -> dict[str, Any]:
    try:
        if options.payload_stdin:
            data = sys.stdin.buffer.read()
        elif options.payload_file is not None:
            data = Path(options.payload_file).read_bytes()
        else:
            data = options.payload_json.encode()
        spec = json.loads(data)
    except (OSError, ValueError, RecursionError) as e:
        # What it holds is nobody's business but the task's.
        raise PayloadError(f"The payload cannot be read: {type(e).__name__}: {e}") from None
    if not isinstance(spec, dict):
        raise PayloadError("The payload must be an object of JSON.")
    return spec


def _configure(module: str | None, spec: dict[str, Any]) -> None:
    """Set Django up. A worker names the settings: only without that a payload may."""
    named = spec.get("django")
    chosen = module or (named.get("settings_module") if isinstance(named, dict) else None)
    if chosen:
        os.environ[SETTINGS] = chosen
    if not os.environ.get(SETTINGS):
        raise ImproperlyConfigured(
            f"No settings: give --settings, or set {SETTINGS} in the environment."
        )
    _debug(f"settings: {os.environ[SETTINGS]}")
    django.setup()


def _run(options: argparse.Namespace, spec: dict[str, Any]) -> dict[str, Any]:
    """A row of reproq_claim, as far as the payload and the arguments tell it."""
    given = spec.get("run")
    path = options.task_path or spec.get("task_path")
    if not isinstance(path, str):
        raise PayloadError("The payload names no task_path.")
    limits = spec.get("exec") if isinstance(spec.get("exec"), dict) else {}
    run: dict[str, Any] = {
        "result_id": 0,
        "lease_no": 0,
        "attempt": 1,
        "queue_name": spec.get("queue_name") or "default",
        "priority": spec.get("priority") or 0,
        "max_attempts": limits.get("max_attempts") or 1,
        "backend_alias": spec.get("backend_alias"),
        "worker_id": "",
    } | (given if isinstance(given, dict) else {})
    run["task_path"] = path
    run["spec_json"] = {"args": spec.get("args", []), "kwargs": spec.get("kwargs", {})}
    if options.result_id is not None:
        run["result_id"] = options.result_id
    if options.attempt is not None:
        run["attempt"] = options.attempt
    return run


def make_parser() -> argparse.ArgumentParser:
    """The parser of the command's arguments."""
    parser = argparse.ArgumentParser(
        prog="python -m reproq_django.executor",
        description="Run one task: the spec of a run in, an envelope of JSON out.",
    )
    payload = parser.add_mutually_exclusive_group(required=True)
    payload.add_argument("--payload-stdin", action="store_true", help="read it from stdin")
    payload.add_argument("--payload-file", metavar="PATH", help="read it from a file")
    payload.add_argument("--payload-json", metavar="JSON", help="take it here: development only")
    parser.add_argument("--task-path", metavar="PATH", help="the task, whatever the payload says")
    parser.add_argument("--settings", metavar="MODULE", help=f"instead of {SETTINGS}")
    parser.add_argument("--result-id", type=int, metavar="N", help="the run's id")
    parser.add_argument("--attempt", type=int, metavar="N", help="which attempt this is; 1")
    return parser


def _encoded(envelope: dict[str, Any]) -> bytes:
    return json.dumps(envelope, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def _terminate(number: int, _frame: object) -> NoReturn:
    raise Terminated(f"The executor was ended by {signal.Signals(number).name}.")


def _debug(text: str) -> None:
    if os.environ.get("REPROQ_EXECUTOR_DEBUG") == "1":
        note(text)


def _leave(code: int) -> NoReturn:
    # At once: threads that a task has left behind would keep the process alive.
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    os._exit(code)
