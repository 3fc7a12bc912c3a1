"""The queue's rules in plain Python: what may be claimed, and what becomes of each run."""

from collections.abc import Iterable

from tests.model.limits import Limits
from tests.model.run import Outcome, Run

BACKOFF = 10
# A claim itself brings in what became due in the last five minutes; a tick, everything.
LATE = 300

Ending = tuple[Run, str, str | None]


class Queue:
    """All runs, and what each call does to them."""

    def __init__(self) -> None:
        self.now = 0
        self.runs: dict[int, Run] = {}
        self.limits = Limits()

    def add(self, run: Run) -> Run:
        if run.lifetime is not None:
            run.expires = self.now + run.lifetime
        self.line_up(run, run.run_after)
        self.runs[run.id] = run
        return run

    def line_up(self, run: Run, moment: int | None) -> None:
        """Into the line, now or at a later moment."""
        run.run_after = moment
        if moment is not None and moment > self.now:
            run.status, run.place = "SCHEDULED", None
        else:
            aging = self.limits.seconds_a_point(run.queue)
            run.status, run.place = "LINE", (self.now - run.priority * aging, run.id)

    def has_twin(self, run: Run) -> bool:
        others = (other for other in self.runs.values() if other.live and other is not run)
        return run.dedup and any(other.dedup and other.spec == run.spec for other in others)

    def twin(self, spec: tuple) -> Run | None:
        """The live run that an enqueue of this spec joins; one that has expired ends first."""
        for run in self.runs.values():
            if run.live and run.dedup and run.spec == spec:
                if not run.expired(self.now):
                    return run
                self.expire(run)
        return None

    def running(self) -> list[Run]:
        return [run for run in self.runs.values() if run.status == "RUNNING"]

    def has_place(self, run: Run) -> bool:
        running = self.running()
        if run.lock is not None and any(other.lock == run.lock for other in running):
            return False
        return run.key is None or sum(other.key == run.key for other in running) < run.limit

    def startable(self, run: Run, queues: list[str]) -> bool:
        return (
            run.due(self.now)
            and not run.expired(self.now)
            and run.queue in queues
            and run.queue not in self.limits.paused
            and self.has_place(run)
            and self.limits.has_token(run, self.now)
        )

    def missed(self, queues: list[str]) -> list[Run]:
        """What a claim without another claimer beside it must not leave behind."""
        # Who is too old but has gates stays for the tick, and may be the one to be awake there.
        old = [run for run in self.runs.values() if run.expired(self.now)]
        return [
            run
            for run in self.runs.values()
            if self.startable(run, queues)
            and (run.status == "LINE" or run.run_after > self.now - LATE)
            and not (run.gate and (run.moved_gate or any(run.shares_gate(other) for other in old)))
        ]

    def overtaken(self, started: list[Run]) -> list[Run]:
        """Runs without gates that stand in line before one that was started instead."""
        last = {}
        for run in started:
            if self.is_free(run):
                last[run.queue] = max(run.place, last.get(run.queue, run.place))
        return [
            run
            for run in self.runs.values()
            if run.status == "LINE"
            and self.is_free(run)
            and not run.expired(self.now)
            and run not in started
            and run.queue in last
            and run.place < last[run.queue]
        ]

    def is_free(self, run: Run) -> bool:
        """Nothing but its known place in line decides when it starts."""
        gated = run.lock is not None or run.key is not None or self.limits.bucket(run) is not None
        return not gated and run.place is not None

    def start(self, run: Run, lease: int) -> None:
        self.limits.spend(run, self.now)
        run.status = "RUNNING"
        run.attempts += 1
        run.lease_no += 1
        run.leased_until = self.now + lease

    def end_all(self, endings: list[Ending]) -> None:
        """What ends in one call ends at once; then follow those that waited for it."""
        for run, status, kind in endings:
            run.status = status
            if kind is not None:
                run.fail_once(kind)
        ended = {run.id: run for run, _, _ in endings}
        waiting = [run for run in self.runs.values() if run.waits_for & ended.keys()]
        waiting = [run for run in waiting if run.status == "WAITING"]
        for run in waiting:
            self.free(run)
        failing = [
            run for run in waiting if any(ended[id].broken for id in run.waits_for & ended.keys())
        ]
        if failing:
            self.end_all([(run, "FAILED", "workflow_failed") for run in failing])

    def free(self, run: Run) -> None:
        """Out of the waiting, if all that it waits for has succeeded or is gone."""
        before = [self.runs[id] for id in run.waits_for if id in self.runs]
        if all(other.status == "SUCCESSFUL" for other in before):
            self.line_up(run, run.run_after)

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        outcomes = list(outcomes)
        self.end_all([end for outcome in outcomes for end in self.after(outcome)])
        for run, word, *_ in outcomes:
            if word == "release":
                run.give_attempt_back()

    def after(self, outcome: Outcome) -> list[Ending]:
        """Where an outcome leads: to an end, or back into the line."""
        run, word, kind, retry, delay = outcome
        if word == "complete":
            return [(run, "SUCCESSFUL", None)]
        if run.cancel_requested or (word == "fail" and kind == "cancelled"):
            return [(run, "CANCELLED", "cancelled")]
        if word == "release":
            run.status = "LINE"
            return []
        if not retry or run.attempts == run.max_attempts:
            return [(run, "FAILED", kind)]
        run.fail_once(kind)
        if delay is None:
            delay = BACKOFF * 2 ** (run.attempts - 1)
        self.line_up(run, self.now + delay)
        return []

    def lose(self, run: Run) -> list[Ending]:
        if run.cancel_requested:
            return [(run, "CANCELLED", "cancelled")]
        if run.losses == run.max_losses:
            return [(run, "FAILED", "lease_lost")]
        run.fail_once("lease_lost")
        run.losses += 1
        run.status = "LINE"
        return []

    def reclaim(self, and_expire: bool = False) -> int:
        lost = [run for run in self.running() if run.leased_until <= self.now]
        endings = [end for run in lost for end in self.lose(run)]
        if and_expire:
            old = [run for run in self.runs.values() if run.expired(self.now) and run not in lost]
            endings += [(run, "FAILED", "expired") for run in old]
        self.end_all(endings)
        for run in lost:
            run.give_attempt_back()
        return len(lost)

    def expire(self, run: Run) -> None:
        self.end_all([(run, "FAILED", "expired")])

    def cancel(self, run: Run) -> str:
        if run.status == "RUNNING":
            run.cancel_requested = True
        elif run.live:
            self.end_all([(run, "CANCELLED", "cancelled")])
        return run.status

    def before(self, run: Run) -> list[Run]:
        return [self.runs[result_id] for result_id in run.waits_for if result_id in self.runs]

    def retry(self, run: Run) -> None:
        """A new start for a run, and a new wait for those that failed because of it."""
        again = {run.id}
        while more := {
            other.id
            for other in self.runs.values()
            if other.failed_with_another
            and other.waits_for & again
            and other.id not in again
            and not any(p.broken and p.id not in again for p in self.before(other))
        }:
            again |= more
        for other in (self.runs[result_id] for result_id in sorted(again)):
            other.attempts = other.losses = 0
            other.cancel_requested = False
            if other.lifetime is not None:
                other.expires = self.now + other.lifetime
            other.status = "WAITING"
        if all(p.status == "SUCCESSFUL" for p in self.before(run)):
            self.line_up(run, None)

    def members(self, workflow: str) -> list[Run]:
        return [run for run in self.runs.values() if run.workflow == workflow]

    def cancel_workflow(self, workflow: str) -> None:
        members = [run for run in self.members(workflow) if run.live]
        for run in members:
            run.cancel_requested = run.cancel_requested or run.status == "RUNNING"
        waiting = [run for run in members if run.status != "RUNNING"]
        self.end_all([(run, "CANCELLED", "cancelled") for run in waiting])

    def wake(self) -> None:
        for run in self.runs.values():
            if run.due(self.now):
                run.status = "LINE"

    def needed(self, run: Run) -> bool:
        """Whether a live dependant reads this one's result."""
        return any(other.live and run.id in other.waits_for for other in self.runs.values())

    def delete(self, run: Run) -> None:
        del self.runs[run.id]
        waiting = [other for other in self.runs.values() if run.id in other.waits_for]
        for other in waiting:
            other.waits_for.discard(run.id)
        waiting = [other for other in waiting if other.status == "WAITING"]
        if run.status != "SUCCESSFUL":
            self.end_all([(other, "FAILED", "workflow_failed") for other in waiting])
        else:
            for other in waiting:
                self.free(other)
