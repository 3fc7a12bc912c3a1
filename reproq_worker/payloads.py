"""Payloads: claimed runs as JSON, which the supervisor hands on without reading them."""

import json


def size(payload: bytes) -> int:
    """The bytes of a run's larger half of arguments, as compact JSON.

    Like the limit of reproq_enqueue it is one for `args` and one for `kwargs`.
    """
    spec = json.loads(payload)["spec_json"]
    if not isinstance(spec, dict):
        return 0
    return max(
        len(json.dumps(spec.get(name), ensure_ascii=False, separators=(",", ":")).encode())
        for name in ("args", "kwargs")
    )
