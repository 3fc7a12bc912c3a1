"""The metrics of a worker, under the names that dashboards know."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from reproq_worker.held import Held

_WAITS = [2**n for n in range(10)]
_DURATIONS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600]
_ROUND_TRIPS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

#: What is asked of reproq_gauges, and what each is called.
QUEUE_GAUGES = {
    "depth": ("reproq_queue_depth", "Runs that are READY or WAITING, of all queues."),
    "running": ("reproq_tasks_running", "Runs that are RUNNING, of all workers."),
    "workers": ("reproq_workers", "Workers that were seen within two minutes."),
    "in_use": ("reproq_concurrency_in_use", "Runs held by workers that are alive."),
    "capacity": ("reproq_concurrency_limit", "Concurrency of all workers that are alive."),
    "paused": ("reproq_queues_paused", "Queues that are paused."),
    "blocked": (
        "reproq_concurrency_blocked_tasks",
        "Runs that wait for a lock, a place of their concurrency key or a rate limit.",
    ),
}


class Metrics:
    """One registry, with what this worker counts itself and what it asks the database."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

        def counter(name: str, help_text: str, *labels: str) -> Counter:
            return Counter(name, help_text, labels, registry=registry)

        def gauge(name: str, help_text: str) -> Gauge:
            return Gauge(name, help_text, registry=registry)

        def histogram(name: str, help_text: str, label: str, buckets: list[float]) -> Histogram:
            return Histogram(name, help_text, [label], registry=registry, buckets=buckets)

        self._processed = counter(
            "reproq_tasks_processed_total",
            "Attempts that this worker ended and recorded.",
            "status",
            "queue",
        )
        self._completed = counter(
            "reproq_tasks_completed_total",
            "The same, under the name of newer dashboards.",
            "queue",
            "status",
        )
        self._claimed = counter("reproq_tasks_claimed_total", "Runs claimed.", "queue")
        self._claims = histogram(
            "reproq_claim_duration_seconds",
            "Round trips of claims that brought runs of the queue.",
            "queue",
            _ROUND_TRIPS,
        )
        self._attempts = histogram(
            "reproq_exec_duration_seconds", "How long attempts ran.", "queue", _DURATIONS
        )
        self._waits = histogram(
            "reproq_queue_wait_duration_seconds",
            "From when a run could start until it was claimed.",
            "queue",
            _WAITS,
        )
        self._attempts_of: dict[str, Histogram] = {}
        self._waits_of: dict[str, Histogram] = {}
        self._operations = histogram(
            "reproq_db_operation_duration_seconds",
            "Round trips to the database; one that finishes and claims counts for both.",
            "operation",
            _ROUND_TRIPS,
        )
        self.cpu = gauge(
            "reproq_worker_cpu_usage_percent",
            "CPU of the worker and its children over the last seconds; 100 is one core.",
        )
        self.memory = gauge(
            "reproq_worker_mem_usage_bytes", "Resident memory of the worker and its children."
        )
        self.connections = gauge(
            "reproq_db_pool_connections_in_use", "Connections of this worker that are busy."
        )
        self.connects = counter(
            "reproq_db_pool_wait_count_total",
            "How often a part of this worker had to wait for a new connection.",
        )
        self._queue_gauges = {key: gauge(*named) for key, named in QUEUE_GAUGES.items()}

    def claimed(self, runs: Sequence[Held], seconds: float) -> None:
        """A claim took so long and brought these."""
        self.spent("claim", seconds)
        for queue, number in Tally(run.queue_name for run in runs).items():
            self._claimed.labels(queue).inc(number)
            self._claims.labels(queue).observe(seconds)
        for run in runs:
            _of(self._waits, self._waits_of, run.queue_name).observe(run.waited)

    def ran(self, run: Held, seconds: float) -> None:
        """An attempt took so long."""
        _of(self._attempts, self._attempts_of, run.queue_name).observe(seconds)

    def ended(self, endings: Mapping[tuple[str, bool], int], seconds: float) -> None:
        """The ends of attempts, by queue and success, were recorded in a round trip so long."""
        for (queue, ok), number in endings.items():
            status = "success" if ok else "failure"
            self._processed.labels(status, queue).inc(number)
            self._completed.labels(queue, status).inc(number)
        for ok in {ok for _, ok in endings}:
            self.spent("complete_success" if ok else "complete_failure", seconds)

    def spent(self, operation: str, seconds: float) -> None:
        """A round trip took so long."""
        self._operations.labels(operation).observe(seconds)

    def queue(self, values: dict[str, int]) -> None:
        """What reproq_gauges says."""
        for name, value in values.items():
            if name in self._queue_gauges:
                self._queue_gauges[name].set(value)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)


def _of(metric: Histogram, known: dict[str, Histogram], label: str) -> Histogram:
    """`metric.labels(label)`, for what happens with every run."""
    child = known.get(label)
    if child is None:
        child = known[label] = metric.labels(label)
    return child
