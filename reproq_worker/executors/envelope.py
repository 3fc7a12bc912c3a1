"""The executor protocol: what a program is given, and what its answer means.

A program of any language reads one JSON object, the spec of a run, and writes one, the envelope:
`{"ok": true, "return": ...}` or `{"ok": false, "exception_class": ..., "message": ...}`. See
docs/executor-protocol.md.
"""

import json
from typing import Any

from reproq_worker import outcomes
from reproq_worker.errors import ERROR_KINDS
from reproq_worker.executors.output import CUT

_KINDS = {"app_error", *ERROR_KINDS}
_SHOWN = 200


def payload_of(run: dict[str, Any]) -> bytes:
    """What a program gets: the run's spec, and under `run` the rest of the claimed row."""
    spec = run.pop("spec_json")
    # Which settings a task runs under is the worker's to say, never a payload's.
    spec = {key: value for key, value in spec.items() if key != "django"}
    # One field is checked and run, whatever else a row made by hand may say.
    return outcomes.encode(spec | {"task_path": run["task_path"], "run": run})


def read(stdout: bytes, status: int, how: str, limit: int) -> tuple[dict[str, Any], bytes]:
    """The outcome that an answer and an exit status amount to, and the task's own output.

    `status` is an exit code or minus a signal's number, `how` says it in words.
    """
    try:
        envelope = json.loads(stdout)
        if not isinstance(envelope, dict) or not isinstance(envelope.get("ok"), bool):
            raise ValueError("no object with ok: true or false")
    except (ValueError, RecursionError) as error:
        return _unreadable(stdout, status, how, limit, error), b""
    printed = str(envelope.get("stdout") or "").encode(errors="replace")
    if envelope["ok"] and status == 0:
        return _completed(envelope), printed
    if envelope["ok"]:
        return outcomes.died(f"The program answered ok. {how}"), printed
    return _failed(envelope), printed


def _unreadable(
    stdout: bytes, status: int, how: str, limit: int, error: Exception
) -> dict[str, Any]:
    if CUT in stdout:
        return outcomes.failed(
            "result_too_large",
            "reproq_worker.errors.ResultTooLarge",
            f"The answer has more than {limit} bytes (max_stdout_bytes).",
            retry=False,
        )
    if status < 0 or not stdout.strip():
        return outcomes.died(how)
    shown = stdout[:_SHOWN].decode(errors="replace")
    return outcomes.failed(
        "app_error",
        f"{type(error).__module__}.{type(error).__qualname__}",
        f"Invalid JSON on stdout: {error}: {shown}",
        retry=True,
    )


def _completed(envelope: dict[str, Any]) -> dict[str, Any]:
    if envelope.get("recorded") is True:
        return outcomes.recorded()
    return _with_metadata(outcomes.completed(envelope.get("return")), envelope)


def _failed(envelope: dict[str, Any]) -> dict[str, Any]:
    kind, delay = envelope.get("kind"), envelope.get("retry_in")
    outcome = outcomes.failed(
        kind if kind in _KINDS else "app_error",
        str(envelope.get("exception_class") or ""),
        str(envelope.get("message") or ""),
        retry=envelope.get("retry") is not False,
        retry_in=delay if isinstance(delay, int | float) and delay >= 0 else None,
        traceback=str(envelope.get("traceback") or ""),
    )
    return _with_metadata(outcome, envelope)


def _with_metadata(outcome: dict[str, Any], envelope: dict[str, Any]) -> dict[str, Any]:
    if isinstance(metadata := envelope.get("metadata"), dict):
        outcome["metadata"] = metadata
    return outcome
