"""What a claim tells of a run, in two shapes.

To other processes it is handed on as JSON, the whole row, which the supervisor never reads. What
runs in this process comes in columns: that is half the work for Postgres and for Python.
"""

import json
from typing import Any

from reproq_worker.held import Held

AS_JSON = "row_to_json(c)::text"
#: First as much of the spec as a call needs; one that has not even that comes as it is.
AS_COLUMNS = (
    "coalesce('{\"args\": ' || (c.spec_json -> 'args')::text"
    " || ', \"kwargs\": ' || (c.spec_json -> 'kwargs')::text || '}', c.spec_json::text),"
    " c.priority, c.backend_alias, c.run_after::text, c.enqueued_at::text, c.started_at::text,"
    " c.last_attempted_at::text, c.leased_until::text, c.worker_ids::text, c.metadata_json::text,"
    " c.errors_json::text, c.traceparent"
)
#: UTF-8 needs at most so many bytes for a character.
_BYTES_A_CHARACTER = 4
_decode = json.JSONDecoder().raw_decode


def run_of(held: Held) -> dict[str, Any]:
    """A run that was claimed in columns, as `execute` of an executor module takes it.

    Its `spec_json` has args and kwargs only.
    """
    (
        priority,
        backend_alias,
        run_after,
        enqueued_at,
        started_at,
        last_attempted_at,
        leased_until,
        worker_ids,
        metadata_json,
        errors_json,
        traceparent,
    ) = held.columns
    return {
        "result_id": held.result_id,
        "lease_no": held.lease_no,
        "attempt": held.attempt,
        "task_path": held.task_path,
        "queue_name": held.queue_name,
        "spec_json": _decode(held.payload)[0],
        "timeout_seconds": held.timeout_seconds,
        "max_attempts": held.max_attempts,
        "priority": priority,
        "backend_alias": backend_alias,
        "run_after": run_after,
        "enqueued_at": enqueued_at,
        "started_at": started_at,
        "last_attempted_at": last_attempted_at,
        "leased_until": leased_until,
        "worker_ids": _decode(worker_ids)[0],
        "metadata_json": _decode(metadata_json)[0],
        "errors_json": _decode(errors_json)[0],
        "traceparent": traceparent,
    }


def may_exceed(held: Held, limit: int) -> bool:
    """Whether it takes a closer look to tell that a run's arguments are not too large."""
    return len(held.payload) * _BYTES_A_CHARACTER > limit


def size(held: Held) -> int:
    """The bytes of a run's larger half of arguments, as compact JSON.

    Like the limit of reproq_enqueue it is one for `args` and one for `kwargs`.
    """
    spec = json.loads(held.payload)
    if not held.columns:
        spec = spec["spec_json"]
    if not isinstance(spec, dict):
        return 0
    return max(
        len(json.dumps(spec.get(name), ensure_ascii=False, separators=(",", ":")).encode())
        for name in ("args", "kwargs")
    )
