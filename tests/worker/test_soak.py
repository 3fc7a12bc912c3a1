"""A worker stays as large as it was, however long it works."""

from pathlib import Path

import pytest

from tests.worker.process import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.parametrize("server", ["pg18"], indirect=True),
]


ENQUEUE = """
select count(*)
from (
    select jsonb_agg(jsonb_build_object('task_path', 'plain.noop', 'dedup', false)) as specs
    from generate_series(1, %s) as n
    group by n / 1000
) as b
cross join reproq_enqueue_many(b.specs)
"""


@pytest.mark.parametrize(
    ("isolation", "first", "then"),
    [("thread", 10_000, 90_000), ("process", 3_000, 27_000), ("fork", 100, 900)],
)
def test_memory_and_descriptors_are_flat(queue, start, isolation, first, then):
    worker = start("--isolation", isolation, "--concurrency", 4).ready()

    def after(count):
        queue.value(ENQUEUE, count)
        live = "select count(*) from task_runs where finished_at is null"
        until(lambda: queue.value(live) == 0, 150, every=0.2)
        # (In thread mode there is no zygote.)
        return [
            (resident(pid), len(list(Path(f"/proc/{pid}/fd").iterdir())))
            for pid in (worker.pid, *worker.descendants()[:1])
        ]

    before, later = after(first), after(then)
    for (small, few), (large, many) in zip(before, later, strict=True):
        assert large <= small * 1.1
        assert many <= few + 6  # children that are just being exchanged


def resident(pid):
    """Bytes of memory that a process takes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
