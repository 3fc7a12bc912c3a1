"""Rules of workers: claim, heartbeat, and the ways to give a run back."""

import json

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.machine import QUEUES, Machine, numbers
from tests.model.run import Outcome, Run

some_queues = st.lists(st.sampled_from(QUEUES), min_size=1, max_size=3, unique=True)
words = st.sampled_from(["complete", "fail", "release"])
kinds = st.sampled_from(["app_error", "timeout", "cancelled"])
delays = st.sampled_from([None, 0, 15])


class Working(Machine):
    @rule(
        queues=some_queues,
        wanted=st.sampled_from([1, 1, 1, 2, 5, 20]),
        lease=st.sampled_from([30, 30, 3600]),
    )
    def claim(self, queues: list[str], wanted: int, lease: int) -> None:
        rows = self.sql(
            "select result_id, lease_no, attempt"
            " from reproq_claim('w', %s, %s, %s * interval '1 s')",
            queues,
            wanted,
            lease,
        )
        assert len(rows) <= wanted
        started = [self.queue.runs[row[0]] for row in rows]
        assert not self.queue.overtaken(started)
        for run, (_, lease_no, attempt) in zip(started, rows, strict=True):
            assert self.queue.startable(run, queues)
            self.queue.start(run, lease)
            assert (lease_no, attempt) == (run.lease_no, run.attempts)
        if len(rows) < wanted:
            assert not self.queue.missed(queues), "false empty"

    def lease(self, number: int) -> tuple[Run | None, int, int]:
        """A run, its id and a lease number: mostly those of a lease that is held."""
        run = self.pick(number, "RUNNING") if number % 5 else self.pick(number)
        if run is None:
            return None, 10**15, 1
        return run, run.id, max(0, run.lease_no - (number % 7 == 0))

    @rule(
        choice=st.lists(st.tuples(numbers, words), min_size=1, max_size=4),
        kind=kinds,
        retry=st.booleans(),
        delay=delays,
    )
    def finish(
        self, choice: list[tuple[int, str]], kind: str, retry: bool, delay: int | None
    ) -> None:
        batch, expected = [], []
        taken = set()
        for number, word in choice:
            run, result_id, lease_no = self.lease(number)
            batch.append({"result_id": result_id, "lease_no": lease_no, "outcome": word})
            # Of two outcomes for one lease the first counts.
            held = run is not None and run.holds(lease_no) and result_id not in taken
            expected.append((result_id, lease_no, held))
            if held:
                taken.add(result_id)
        details = {"error": {"kind": kind}, "retry": retry, "retry_in": delay}
        rows = self.sql(
            "select result_id, lease_no, accepted from reproq_finish('w', %s)",
            json.dumps([outcome | details for outcome in batch]),
        )
        assert rows == expected
        self.queue.settle(
            Outcome(self.queue.runs[outcome["result_id"]], outcome["outcome"], kind, retry, delay)
            for outcome, (_, _, held) in zip(batch, expected, strict=True)
            if held
        )

    @rule(number=numbers, word=words, kind=kinds)
    def finish_one(self, number: int, word: str, kind: str) -> None:
        run, result_id, lease_no = self.lease(number)
        error = [json.dumps({"kind": kind})] if word == "fail" else []
        statement = {
            "complete": "select reproq_complete(%s, %s)",
            "fail": "select reproq_fail(%s, %s, %s)",
            "release": "select reproq_release(%s, %s)",
        }[word]
        if run is not None and run.holds(lease_no):
            self.sql(statement, result_id, lease_no, *error)
            self.queue.settle([Outcome(run, word, kind, True, None)])
            return
        with pytest.raises(psycopg.Error) as refused:
            self.sql(statement, result_id, lease_no, *error)
        recorded = run is not None and not run.live and run.lease_no == lease_no
        assert refused.value.sqlstate == (
            "RQ002" if run is None else "RQ003" if recorded else "RQ001"
        )

    @rule(choice=st.lists(numbers, min_size=1, max_size=4))
    def heartbeat(self, choice: list[int]) -> None:
        leases = [self.lease(number) for number in choice]
        rows = self.sql(
            "select result_id, lease_no, verdict from reproq_heartbeat('w', %s, %s, '40 s')",
            [result_id for _, result_id, _ in leases],
            [lease_no for _, _, lease_no in leases],
        )
        for (run, *lease), (*answered, verdict) in zip(leases, rows, strict=True):
            assert answered == lease
            if run is None or not run.holds(lease[1]):
                done = run and run.status == "SUCCESSFUL" and run.lease_no == lease[1]
                assert verdict == ("done" if done else "lost")
            else:
                assert verdict == ("cancel" if run.cancel_requested else "held")
                run.leased_until = self.queue.now + 40
