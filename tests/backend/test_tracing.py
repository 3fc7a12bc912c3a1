"""Spans of enqueues and attempts, linked by the run's own traceparent."""

import json
import subprocess
import sys

import pytest
from django.db import connection
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from reproq_django.executor import execute
from reproq_django.tasks import debug_error_task, debug_noop_task
from reproq_worker.call import call
from tests.worker.process import ROOT

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def provider():
    provider = TracerProvider()
    trace.set_tracer_provider(provider)
    return provider


@pytest.fixture
def spans(provider):
    """What is exported while the test runs, by name."""
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield lambda: {span.name: span for span in exporter.get_finished_spans()}
    exporter.shutdown()


def claimed() -> dict:
    with connection.cursor() as cursor:
        [run] = call(cursor, "claim", worker_id="w")
    return json.loads(json.dumps(run, default=str)) | {"worker_id": "w"}


def test_the_attempt_is_a_child_of_the_enqueue(spans):
    with trace.get_tracer("test").start_as_current_span("request"):
        debug_noop_task.enqueue()
    execute(claimed())
    found = spans()
    enqueued = found[f"enqueue {debug_noop_task.module_path}"]
    ran = found[f"run {debug_noop_task.module_path}"]
    assert enqueued.parent.span_id == found["request"].context.span_id
    assert ran.parent.span_id == enqueued.context.span_id
    assert ran.context.trace_id == found["request"].context.trace_id
    assert (ran.attributes["reproq.attempt"], ran.kind) == (1, trace.SpanKind.CONSUMER)


def test_a_failure_is_told_without_its_message(spans):
    debug_error_task.enqueue("canary-9")
    execute(claimed())
    ran = spans()[f"run {debug_error_task.module_path}"]
    assert ran.status.status_code is trace.StatusCode.ERROR
    assert ran.attributes["error.type"] == "builtins.RuntimeError"
    assert "canary-9" not in ran.to_json()


def test_a_trace_ends_no_dedup(spans):
    first, second = debug_noop_task.enqueue(), debug_noop_task.enqueue()
    assert first.id == second.id
    task = debug_noop_task
    [many] = task.get_backend().bulk_enqueue([(task, [], {})])
    assert many.id == first.id


def test_without_opentelemetry_nothing_is_imported_and_nothing_missed():
    script = """
import sys
sys.modules["opentelemetry"] = None
from reproq_worker import tracing
with tracing.enqueueing("a.b", "q") as traced:
    assert traced == {}
with tracing.attempt({}) as outcome:
    outcome["outcome"] = "complete"
print(*[name for name in sys.modules if name.startswith("opentelemetry.")])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("isolation", ["process", "thread"])
def test_spans_of_a_workers_children_are_exported(django_env, tmp_path, isolation):
    (tmp_path / "traced_settings.py").write_text(
        "from tests.settings import *\n"
        "from opentelemetry import trace\n"
        "from opentelemetry.sdk.trace import TracerProvider\n"
        "from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter\n"
        f"out = open({str(tmp_path / 'spans')!r}, 'a')\n"
        "trace.set_tracer_provider(TracerProvider())\n"
        "trace.get_tracer_provider().add_span_processor(\n"
        "    BatchSpanProcessor(ConsoleSpanExporter(out=out), schedule_delay_millis=60_000)\n"
        ")\n"
    )
    debug_noop_task.enqueue()
    environment = django_env | {
        "DJANGO_SETTINGS_MODULE": "traced_settings",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
    }
    flags = ["--until-empty", "--concurrency", "1", "--isolation", isolation]
    command = [sys.executable, "-m", "reproq_worker", "worker", *flags]
    subprocess.run(command, env=environment, cwd=ROOT, check=True, timeout=30)
    assert f'"name": "run {debug_noop_task.module_path}"' in (tmp_path / "spans").read_text()
