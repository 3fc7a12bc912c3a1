"""Spans for OpenTelemetry, where it is installed: one for an enqueue, one for each attempt.

The trace travels as the run's `traceparent`, a column outside the spec. No span holds an argument,
a result or the message of an exception.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

try:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:
    trace = None  # type: ignore[assignment]

_IMPORTED_IN = os.getpid()
_FLUSH_MILLISECONDS = 2000


@contextmanager
def enqueueing(task_path: str, queue: str) -> Iterator[dict[str, str]]:
    """A span around an enqueue; what it yields are parameters of it: traceparent, or nothing."""
    if trace is None or not (_has_provider() or _is_within_trace()):
        yield {}
        return
    attributes = {
        "messaging.system": "reproq",
        "messaging.operation.type": "send",
        "messaging.destination.name": queue,
        "reproq.task_path": task_path,
    }
    with _span(f"enqueue {task_path}", trace.SpanKind.PRODUCER, attributes):
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier)
        yield {key: value for key, value in carrier.items() if key == "traceparent"}


def is_wanted(run: Mapping[str, Any]) -> bool:
    """Whether a span around an attempt would be recorded, or passes a trace on."""
    return is_recording() or (trace is not None and bool(run.get("traceparent")))


@contextmanager
def attempt(run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A span around an attempt of a claimed run; the outcome is put into what it yields."""
    outcome: dict[str, Any] = {}
    if not is_wanted(run):
        yield outcome
        return
    attributes = {
        "messaging.system": "reproq",
        "messaging.operation.type": "process",
        "messaging.destination.name": run["queue_name"],
        "messaging.message.id": str(run["result_id"]),
        "reproq.task_path": run["task_path"],
        "reproq.attempt": run["attempt"],
        "reproq.lease_no": run["lease_no"],
    }
    parent = TraceContextTextMapPropagator().extract({"traceparent": run.get("traceparent") or ""})
    name, kind = f"run {run['task_path']}", trace.SpanKind.CONSUMER
    with _span(name, kind, attributes, context=parent) as span:
        yield outcome
        if outcome.get("outcome") == "fail":
            error = outcome["error"]
            span.set_attribute("error.type", error["exception_class"])
            span.set_status(trace.Status(trace.StatusCode.ERROR, error["kind"]))
    if os.getpid() != _IMPORTED_IN and span.get_span_context().trace_flags.sampled:
        flush()  # a forked child may be gone in a moment


def is_recording() -> bool:
    """Whether anybody would see a span."""
    return trace is not None and _has_provider()


def _has_provider() -> bool:
    """Whether anybody records spans; without that only a trace from elsewhere is passed on."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _is_within_trace() -> bool:
    """Whether the caller is in a trace, perhaps one from elsewhere."""
    return bool(trace.get_current_span().get_span_context().is_valid)


@contextmanager
def _span(
    name: str, kind: Any, attributes: Mapping[str, Any], context: Any = None
) -> Iterator[Any]:
    tracer = trace.get_tracer("reproq")
    with tracer.start_as_current_span(
        name,
        context=context,
        kind=kind,
        attributes=attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise


def flush() -> None:
    """Export now what else would wait for an exporter's next round, which may never come."""
    if trace is None:
        return
    export = getattr(trace.get_tracer_provider(), "force_flush", None)
    if export is not None:
        export(_FLUSH_MILLISECONDS)
