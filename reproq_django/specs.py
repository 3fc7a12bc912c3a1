"""The one builder of specs: a task, a call and OPTIONS become parameters of reproq_enqueue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from django.tasks.exceptions import InvalidTask

from . import options, serialization
from .generic import AnyTask
from .task_class import READERS, ReproqTask, changed

OPTION_READERS: dict[str, Callable[[str, Any], Any]] = {
    "TIMEOUT_SECONDS": options.timeout,
    "MAX_ATTEMPTS": options.attempts,
    "MAX_LEASE_LOSSES": options.lease_losses,
    "EXPIRES_IN": options.duration,
    "RESULT_TTL": options.duration,
    "BACKOFF": options.backoff,
    "DEDUP_ACTIVE": options.flag,
    "CODE_REF": options.text,
    "PIP_LOCK_HASH": options.text,
    "DATABASE": options.text,
    "REDIS_CLAIM_TIMEOUT": options.duration,
}


class InvalidPriority(InvalidTask, ValueError):
    """A call's priority is out of range: InvalidTask as in using(), and a bad value as well."""


@dataclass(frozen=True, slots=True)
class Spec:
    """What one enqueue asks for."""

    task: AnyTask  # With the options of the call.
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    shape: "Shape"
    own: dict[str, Any]  # What the call adds to its shape: JSON that is a parameter as well.

    @property
    def parameters(self) -> dict[str, Any]:
        """Of reproq_enqueue; the SQL has the default of what is absent."""
        return self.shape.parameters | self.own

    @property
    def json(self) -> dict[str, Any]:
        """The same as an object for reproq_enqueue_many."""
        return self.shape.json | self.own


@dataclass(frozen=True, slots=True)
class Shape:
    """What the specs of a task's calls have in common."""

    parameters: dict[str, Any]
    json: dict[str, Any]
    changes: dict[str, Any]  # By options of the call, to the task that its result shows.
    key_of_call: Callable[..., Any] | None  # Makes the concurrency key.


def read_options(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Read a backend's OPTIONS: their values, and what is wrong with them."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, value in given.items():
        read = OPTION_READERS.get(name)
        if read is None:
            problems.append(f"unknown option {name!r}")
        elif value is not None:
            try:
                values[name] = read(name, value)
            except (TypeError, ValueError) as e:
                problems.append(str(e))
    return values, problems


def shape(
    task: AnyTask, call_options: Mapping[str, Any], backend_alias: str, defaults: Mapping[str, Any]
) -> Shape:
    """Read a task and the reserved options of a call; `defaults` are a backend's OPTIONS."""
    own = _task_options(task) | _call_options(call_options)
    parameters: dict[str, Any] = {
        "task_path": task.module_path,
        "queue": _queue(task),
        "priority": own.get("priority", task.priority),
        "backend_alias": backend_alias,
        "takes_context": task.takes_context,
        **_start(own),
        **_gates(own),
        **_limits(own, defaults),
    }
    key = own.get("concurrency_key")
    json = {n: _json_value(v) for n, v in parameters.items()}
    return Shape(parameters, json, _changes(task, own), key if callable(key) else None)


def call_options(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The reserved options among the keyword arguments of an enqueue."""
    return {n: kwargs[n] for n in options.RESERVED_NAMES if n in kwargs}


def build(task: AnyTask, args: Sequence[Any], kwargs: Mapping[str, Any], shape: Shape) -> Spec:
    """Build the spec of one call; `kwargs` without reserved options. Changes nothing given."""
    encoded_args, encoded_kwargs = serialization.encode(args, kwargs)
    own = {"args": encoded_args, "kwargs": encoded_kwargs}
    if shape.key_of_call:
        key = options.text("The value of concurrency_key", shape.key_of_call(*args, **kwargs))
        if key is not None:
            own["concurrency_key"] = key
    if "expires_in" in shape.parameters:
        _check_expiry(shape.parameters)
    called = changed(task, **shape.changes) if shape.changes else task
    return Spec(called, args, kwargs, shape, own)


def _queue(task: AnyTask) -> str:
    name = options.text("queue_name", task.queue_name)
    if name is None:
        raise ValueError("queue_name must not be blank.")
    return name


def _task_options(task: AnyTask) -> dict[str, Any]:
    own: dict[str, Any] = {}
    for name, read in READERS.items():
        value = getattr(task, name, None)
        if value is not None:
            own[name] = value if isinstance(task, ReproqTask) else read(name, value)
    start = getattr(task, "_run_in", None) or task.run_after
    if start is not None:
        own["run_after"] = options.run_after(start)
    return own


def _call_options(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    call: dict[str, Any] = {}
    if "priority" in kwargs:
        call["priority"] = _priority(kwargs["priority"])
    if kwargs.get("run_after") is not None:
        call["run_after"] = options.run_after(kwargs["run_after"])
    for name in ("lock_key", "concurrency_key", "concurrency_limit"):
        if kwargs.get(name) is not None:
            call[name] = READERS[name](name, kwargs[name])
    return call


def _priority(value: Any) -> int:
    try:
        return options.whole_number(
            "priority", 0 if value is None else value, TASK_MIN_PRIORITY, TASK_MAX_PRIORITY
        )
    except ValueError as e:
        raise InvalidPriority(str(e)) from e


def _start(own: Mapping[str, Any]) -> dict[str, Any]:
    start = own.get("run_after")
    if isinstance(start, timedelta):
        return {"run_in": max(start, timedelta())}
    return {} if start is None else {"run_after": start}


def _gates(own: Mapping[str, Any]) -> dict[str, Any]:
    gates = {n: own.get(n) for n in ("lock_key", "concurrency_key", "concurrency_limit")}
    return {n: v for n, v in gates.items() if v and not callable(v)}


def _limits(own: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    base, cap = own.get("backoff") or defaults.get("BACKOFF") or (None, None)
    provenance = {
        "code_ref": defaults.get("CODE_REF"),
        "pip_lock_hash": defaults.get("PIP_LOCK_HASH"),
    }
    limits = {
        "timeout_seconds": own.get("timeout", defaults.get("TIMEOUT_SECONDS")),
        "max_attempts": own.get("max_attempts", defaults.get("MAX_ATTEMPTS")),
        "max_lease_losses": defaults.get("MAX_LEASE_LOSSES"),
        "expires_in": own.get("expires_in", defaults.get("EXPIRES_IN")),
        "dedup": own.get("dedup", defaults.get("DEDUP_ACTIVE")),
        "backoff_base": base,
        "backoff_cap": cap,
        "result_ttl": defaults.get("RESULT_TTL"),
        "provenance": provenance if any(provenance.values()) else None,
    }
    return {n: v for n, v in limits.items() if v is not None}


def _check_expiry(parameters: Mapping[str, Any]) -> None:
    expires_in = parameters.get("expires_in")
    if expires_in is None:
        return
    wait = parameters.get("run_in")
    if "run_after" in parameters:
        wait = parameters["run_after"] - datetime.now(UTC)
    if wait is not None and expires_in <= wait:
        raise ValueError(f"The run would expire (expires_in {expires_in}) before its run_after.")


def _changes(task: AnyTask, own: Mapping[str, Any]) -> dict[str, Any]:
    """What differs in the task as this call made it, for the result."""
    called = dict(own)
    if isinstance(start := called.get("run_after"), timedelta):
        called["run_after"] = options.later(start)
    return {n: v for n, v in called.items() if getattr(task, n, v) != v}


def _json_value(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value / timedelta(seconds=1)
    if isinstance(value, datetime):
        return value.isoformat()
    return value
