"""Transactions whose steps are played in every order."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import combinations
from typing import NamedTuple

import psycopg

from tests.races.sessions import Waiting, in_background


class Steps(NamedTuple):
    """What a transaction does: a statement with its parameters, and how it ends. One with an
    isolation level takes its snapshot first, in a step of its own."""

    statement: str
    params: tuple = ()
    end: str = "commit"
    level: str | None = None


class Outcome(NamedTuple):
    """What a statement returned, or the SQLSTATE of its error or of the commit's."""

    rows: list[tuple] | None
    error: str | None = None


def orders(first: int, second: int) -> Iterator[list[int]]:
    """Every order of the steps of two sessions: 0 and 1 say whose step comes next."""
    for places in combinations(range(first + second), first):
        yield [0 if place in places else 1 for place in range(first + second)]


class Session:
    """One of the two: begins with its first step; a step that has to wait is left waiting."""

    def __init__(self, conn: psycopg.Connection, steps: Steps) -> None:
        self.conn = conn
        self.level = steps.level
        self.todo: list[Callable[[], Waiting]] = [
            lambda: in_background(conn, steps.statement, steps.params),
            lambda: Waiting(lambda: conn.rollback() if steps.end == "rollback" else conn.commit()),
        ]
        self.under_way: list[Waiting] = []
        self.refused: str | None = None

    @property
    def waits(self) -> bool:
        return bool(self.under_way) and self.under_way[-1].unfinished

    def step(self) -> None:
        if self.level is not None:
            self.conn.execute(f"set transaction isolation level {self.level}")
            self.conn.execute("select 1")
            self.level = None
            return
        waiting = self.todo.pop(0)()
        self.under_way.append(waiting)
        if not self.todo:
            try:
                waiting.result()
            except psycopg.Error as error:
                self.refused = error.sqlstate

    def finish(self) -> Outcome:
        while self.todo:
            if self.under_way:
                with suppress(psycopg.Error):
                    self.under_way[-1].result()
            self.step()
        try:
            rows = self.under_way[0].result()
        except psycopg.Error as error:
            return Outcome(None, error.sqlstate)
        return Outcome(rows, self.refused)


def play(
    conns: Iterable[psycopg.Connection], order: list[int], transactions: Iterable[Steps]
) -> list[Outcome]:
    """Play the steps in this order. A session that waits takes its later steps when it may go on:
    what was to come between is then impossible, and the order is the nearest one that is."""
    sessions = [Session(conn, steps) for conn, steps in zip(conns, transactions, strict=True)]
    for which in order:
        session = sessions[which]
        if session.todo and not session.waits:
            session.step()
    # Whoever waits does so for the other one.
    for session in sorted(sessions, key=lambda session: session.waits):
        session.finish()
    return [session.finish() for session in sessions]
