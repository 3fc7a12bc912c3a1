"""Rules of the clock and of operators: tick, cancel, retry, limits, pause, prune, delete."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.harness.ticks import tick
from tests.model.machine import QUEUES, START, numbers
from tests.model.run import DONE
from tests.model.triage import Triage

limits = st.tuples(
    st.sampled_from(["global", "queue:a", "queue:b", "task:a.b"]),
    st.sampled_from([0, 2**-5, 0.5, 2]),
    st.integers(1, 3),
)


class Operating(Triage):
    @initialize(limits=st.lists(limits, max_size=2))
    def begin(self, limits: list[tuple[str, float, int]]) -> None:
        super().begin()
        for limit in limits:
            self.set_rate_limit(limit)

    @rule(seconds=st.sampled_from([0, 1, 10, 20, 35, 350]))
    def pass_time(self, seconds: int) -> None:
        self.queue.now += seconds
        self.clock.set(START + timedelta(seconds=self.queue.now))

    @rule()
    def tick(self) -> None:
        tick(self.conn.cursor())
        self.queue.wake()
        self.queue.reclaim(and_expire=True)
        for run in self.queue.runs.values():
            run.moved_gate = False

    @rule()
    def reclaim(self) -> None:
        assert self.sql("select reproq_reclaim()") == [(self.queue.reclaim(),)]

    @rule(part=st.integers(0, 2))
    def turn_the_ring(self, part: int) -> None:
        """New tickets go elsewhere; the next tick moves the others there, too."""
        self.sql(
            "insert into reproq_ring (current) values (%s)"
            " on conflict (only_row) do update set current = excluded.current",
            part,
        )

    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        if run := self.pick(number):
            assert self.sql("select reproq_cancel(%s)", run.id) == [(self.queue.cancel(run),)]

    @rule(number=numbers)
    def retry(self, number: int) -> None:
        run = self.pick(number, "FAILED", "CANCELLED") if number % 4 else self.pick(number)
        if run is None:
            return
        if self.may_retry(run):
            self.sql("select reproq_retry(%s)", run.id)
            self.queue.retry(run)
        else:
            with pytest.raises(psycopg.Error) as refused:
                self.sql("select reproq_retry(%s)", run.id)
            assert refused.value.sqlstate == "RQ003"

    @rule(number=numbers)
    def cancel_workflow(self, number: int) -> None:
        run = self.pick(number)
        if run is not None and run.workflow is not None:
            self.sql("select * from reproq_cancel_workflow(%s)", run.workflow)
            self.queue.cancel_workflow(run.workflow)

    @rule(queue=st.sampled_from(QUEUES))
    def pause_or_resume(self, queue: str) -> None:
        if queue in self.queue.limits.paused:
            self.sql("select reproq_resume_queue(%s)", queue)
        else:
            self.sql("select reproq_pause_queue(%s)", queue)
        self.queue.limits.paused ^= {queue}

    @rule(queue=st.sampled_from(QUEUES), seconds=st.sampled_from([None, 0, 1, 120]))
    def set_aging(self, queue: str, seconds: int | None) -> None:
        self.sql("select reproq_set_aging(%s, %s * interval '1 s')", queue, seconds)
        self.queue.limits.aging[queue] = seconds

    @rule(limit=limits)
    def set_rate_limit(self, limit: tuple[str, float, int]) -> None:
        with self.change_of_buckets():
            self.sql("select reproq_set_rate_limit(%s, %s, %s)", *limit)
            self.queue.limits.set_rate(*limit, self.queue.now)

    @rule(number=numbers)
    def delete_rate_limit(self, number: int) -> None:
        if keys := sorted(self.queue.limits.buckets):
            key = keys[number % len(keys)]
            with self.change_of_buckets():
                self.sql("select reproq_delete_rate_limit(%s)", key)
                del self.queue.limits.buckets[key]

    @contextmanager
    def change_of_buckets(self) -> Iterator[None]:
        """The next tick, at the latest, brings parked runs to the buckets that are now theirs."""
        runs = self.queue.runs.values()
        before = [self.queue.limits.bucket_key(run) for run in runs]
        yield
        for run, key in zip(runs, before, strict=True):
            run.moved_gate = run.moved_gate or self.queue.limits.bucket_key(run) != key

    @rule(statuses=st.lists(st.sampled_from(DONE), min_size=1, unique=True))
    def prune(self, statuses: list[str]) -> None:
        gone = [
            run
            for run in self.queue.runs.values()
            if run.status in statuses and not self.queue.needed(run)
        ]
        dry_run = self.sql("select reproq_prune(%s, '0', null, dry_run => true)", statuses)
        assert self.sql("select reproq_prune(%s, '0')", statuses) == [(len(gone),)] == dry_run
        for run in gone:
            self.queue.delete(run)

    @rule(number=numbers)
    def delete(self, number: int) -> None:
        if run := self.pick(number):
            self.sql("delete from task_runs where result_id = %s", run.id)
            self.queue.delete(run)
