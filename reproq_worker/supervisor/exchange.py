"""Finishing and claiming in one round trip: the worker's only hot path to Postgres."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg
from psycopg import AsyncConnection

from reproq_worker import outcomes, payloads
from reproq_worker.config import WorkerConfig
from reproq_worker.held import Held
from reproq_worker.logs import log
from reproq_worker.supervisor import database
from reproq_worker.supervisor.database import ANSWER_TIMEOUT, Session
from reproq_worker.supervisor.ledger import Outcome

_CLAIM = (
    "select c.result_id, c.lease_no, c.timeout_seconds, c.task_path,"
    " c.queue_name, c.attempt, c.max_attempts, extract(epoch from c.last_attempted_at"
    " - greatest(c.enqueued_at, c.run_after))::float8, {payload}"
    " from reproq_claim(worker_id => %s, queues => %s, max_tasks => %s,"
    " lease => make_interval(secs => %s), wait => make_interval(secs => %s)) as c"
)
_FINISH = (
    "select f.result_id, f.lease_no, f.accepted, f.status,"
    " to_char(f.run_after at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
    " from reproq_finish(worker_id => %s, outcomes => %s::jsonb) as f"
)
_READY = (
    "select coalesce(sum(s.ready), 0) from reproq_stats(finished_within => interval '0') as s"
    " where s.queue_name = any(%s)"
)
_MORE = "RQ100"
#: The place of the payload in a row.
_PAYLOAD = 8


@dataclass(slots=True)
class Exchanged:
    """What one round trip brought."""

    claimed: list[Held] = field(default_factory=list)
    #: How many runs were asked for; 0 when this was no claim.
    asked_for: int = 0
    #: The claim stopped early: ask again at once.
    more: bool = False
    #: Outcomes that Postgres has answered, with whether it took them, the run's status then, and
    #: when it runs next.
    settled: list[tuple[Outcome, bool, str | None, str | None]] = field(default_factory=list)


class Exchange:
    """Speaks reproq_finish and reproq_claim over one connection."""

    def __init__(self, config: WorkerConfig, session: Session) -> None:
        self._config = config
        self._session = session
        runs_here = config.isolation == "thread"
        payload = payloads.AS_COLUMNS if runs_here else payloads.AS_JSON
        self._claim = _CLAIM.format(payload=payload)
        self._watched: AsyncConnection | None = None
        self._more = False

    async def trade(self, ended: Sequence[Outcome], want: int, wait: float) -> Exchanged:
        """Deliver outcomes and claim `want` runs in one transaction, in one round trip.

        Raises what the database raises; then nothing is settled and nothing may have been claimed.
        """
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                result = await self._trade(ended, want, wait)
            self._session.works()
            return result
        except Exception as error:
            await self._session.recover(error)
            raise

    async def deliver_one_by_one(self, ended: Sequence[Outcome]) -> Exchanged:
        """Deliver outcomes that were refused as a batch: cleaned, each in its own transaction."""
        result = Exchanged()
        for outcome in ended:
            clean = Outcome(outcome.held, outcomes.cleaned(outcome.raw))
            try:
                one = await self.trade([clean], 0, 0)
            except psycopg.Error as error:
                if database.is_outage(error) or database.is_transient(error):
                    raise
                log.error(
                    "outcome of run %d cannot be recorded as it is: %s",
                    outcome.held.result_id,
                    database.brief(error),
                )
                substitute = outcomes.encode(outcomes.unrecordable(database.brief(error)))
                one = await self.trade([Outcome(outcome.held, substitute)], 0, 0)
            result.settled += one.settled
        return result

    async def count_ready(self) -> int:
        """How many runs of this worker's queues stand in line, whether or not they may start."""
        [(count,)] = await self._session.query(_READY, [list(self._config.queues)])
        return int(count)

    async def _trade(self, ended: Sequence[Outcome], want: int, wait: float) -> Exchanged:
        self._watch(await self._session.connection())
        self._more = False
        sent = time.monotonic()
        statements: list[tuple[str, Sequence[object]]] = []
        if ended:
            statements.append((_FINISH, self._finish_arguments(ended)))
        if want:
            statements.append((self._claim, self._claim_arguments(want, wait)))
        cursors = await self._session.execute(*statements)
        result = Exchanged(asked_for=want, more=self._more)
        if ended:
            result.settled = _answers(ended, await cursors[0].fetchall())
        if want:
            safe_until = sent + self._config.lease_seconds
            result.claimed = [
                Held(*row[:_PAYLOAD], row[_PAYLOAD], row[_PAYLOAD + 1 :], safe_until)
                for row in await cursors[-1].fetchall()
            ]
        return result

    def _finish_arguments(self, ended: Sequence[Outcome]) -> tuple[str, str]:
        items = [outcomes.with_lease(o.raw, o.held.result_id, o.held.lease_no) for o in ended]
        return self._config.worker_id, (b"[" + b",".join(items) + b"]").decode(errors="replace")

    def _claim_arguments(self, want: int, wait: float) -> tuple[object, ...]:
        config = self._config
        return config.worker_id, list(config.queues), want, config.lease_seconds, wait

    def _watch(self, connection: AsyncConnection) -> None:
        if connection is not self._watched:
            connection.add_notice_handler(self._on_notice)
            self._watched = connection

    def _on_notice(self, diagnostic: psycopg.errors.Diagnostic) -> None:
        self._more |= diagnostic.sqlstate == _MORE


def _answers(
    ended: Sequence[Outcome], rows: Sequence[tuple[int, int, bool, str | None, str | None]]
) -> list[tuple[Outcome, bool, str | None, str | None]]:
    answers = {(result_id, lease_no): answer for result_id, lease_no, *answer in rows}
    # One that got no answer at all is refused too: sending it again would change nothing.
    return [(outcome, *answers.get(outcome.held.key, (False, None, None))) for outcome in ended]
