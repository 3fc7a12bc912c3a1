"""Outcomes of runs as the JSON objects that reproq_finish takes.

An outcome travels as encoded JSON from the process that ran the task to Postgres; the supervisor
adds the lease to it without decoding it.
"""

import json
import signal
from typing import Any

WORKER_DIED_RETRY_SECONDS = 10
_MESSAGE_CHARS = 4096
_as_json = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def encode(outcome: Any) -> bytes:
    """Encode an outcome; ValueError or TypeError where it is not JSON (NaN, bytes, a cycle)."""
    return _as_json(outcome).encode()


def completed(value: Any) -> dict[str, Any]:
    """The task returned `value`."""
    return {"outcome": "complete", "return_json": value}


def recorded() -> dict[str, Any]:
    """The task's own transaction has completed the run already: there is nothing left to do."""
    return {"outcome": "recorded"}


def failed(
    kind: str,
    exception_class: str,
    message: str,
    *,
    retry: bool,
    retry_in: float | None = None,
    traceback: str = "",
) -> dict[str, Any]:
    """The attempt ended badly; `retry_in` seconds override the run's own backoff."""
    outcome: dict[str, Any] = {
        "outcome": "fail",
        "error": {
            "kind": kind,
            "exception_class": exception_class,
            "message": message[:_MESSAGE_CHARS],
            "traceback": traceback,
        },
        "retry": retry,
    }
    if retry_in is not None:
        outcome["retry_in"] = retry_in
    return outcome


def released() -> dict[str, Any]:
    """Given back; no attempt is burnt."""
    return {"outcome": "release"}


def timed_out(seconds: float) -> dict[str, Any]:
    """The attempt ran longer than it may."""
    return failed(
        "timeout",
        "reproq_worker.errors.TaskTimeout",
        f"The task ran longer than its timeout of {seconds:g} s.",
        retry=True,
        retry_in=WORKER_DIED_RETRY_SECONDS,
    )


def cancelled() -> dict[str, Any]:
    """An operator asked for the end of this run."""
    return failed(
        "cancelled",
        "reproq_worker.errors.TaskCancelled",
        "The task was cancelled.",
        retry=False,
    )


def died(how: str) -> dict[str, Any]:
    """The process that ran the task ended without an answer."""
    return failed(
        "infra_error",
        "reproq_worker.errors.WorkerDied",
        how,
        retry=True,
        retry_in=WORKER_DIED_RETRY_SECONDS,
    )


def too_large(size: int, limit: int) -> dict[str, Any]:
    """The result does not fit; another attempt would return the same."""
    return failed(
        "result_too_large",
        "reproq_worker.errors.ResultTooLarge",
        f"The outcome has {size} bytes; at most {limit} are kept.",
        retry=False,
    )


def payload_too_large(size: int, limit: int) -> dict[str, Any]:
    """The arguments are more than this worker takes; they will not become fewer."""
    return failed(
        "invalid_spec",
        "reproq_worker.errors.InvalidSpec",
        f"payload size {size} exceeds limit {limit}",
        retry=False,
    )


def unrecordable(reason: str) -> dict[str, Any]:
    """Postgres refuses this outcome even after it was cleaned."""
    return failed(
        "infra_error",
        "reproq_worker.errors.WorkerDied",
        f"The outcome could not be recorded: {reason}",
        retry=False,
    )


def with_lease(raw: bytes, result_id: int, lease_no: int) -> bytes:
    """Add the lease to an encoded outcome; it comes last, so that it wins over a forged one."""
    return b'%s,"result_id":%d,"lease_no":%d}' % (raw.rstrip()[:-1], result_id, lease_no)


def with_key(raw: bytes, key: str, value: Any) -> bytes:
    """Add a key to an encoded outcome."""
    return b"%s,%s:%s}" % (raw.rstrip()[:-1], encode(key), encode(value))


def cleaned(raw: bytes) -> bytes:
    """Replace what jsonb cannot hold (NUL, lone surrogates); an unreadable outcome says so."""
    try:
        outcome = json.loads(raw)
        if not isinstance(outcome, dict):
            raise ValueError("not an object")
        return encode(_scrub(outcome))
    except (ValueError, RecursionError) as error:
        return encode(unrecordable(str(error)[:200]))


def describe_exit(status: int) -> str:
    """Say how a child ended: `status` is an exit code, or minus a signal's number."""
    if status >= 0:
        return f"The process of the task exited with code {status}."
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = "an unknown signal"
    return f"The process of the task was killed by {name} (signal {-status})."


def _scrub(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_scrub(item) for item in value]
    if isinstance(value, dict):
        return {_scrub(key): _scrub(item) for key, item in value.items()}
    return value
