"""Many clients at once for a while, each doing one thing again and again."""

import threading
import time
from collections.abc import Callable

import psycopg

from tests.races.sessions import Waiting

Client = Callable[[psycopg.Connection], None]


def storm(
    make_conn: Callable[..., psycopg.Connection],
    seconds: float,
    *clients: Client,
    until: Callable[[], object] = lambda: False,
) -> None:
    """Run each client in a thread and on a connection of its own for so long, or until something
    has come out; raise the first error."""
    stop = threading.Event()

    def again_and_again(client: Client, conn: psycopg.Connection) -> None:
        try:
            while not stop.is_set():
                client(conn)
        finally:
            stop.set()

    sessions = [(client, make_conn()) for client in clients]
    threads = [Waiting(lambda pair=pair: again_and_again(*pair)) for pair in sessions]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not until() and not stop.wait(0.02):
        pass
    stop.set()
    for thread in threads:
        thread.result()


def sampled(sql: str, hertz: int = 50) -> tuple[Client, list[tuple]]:
    """A client that asks a question so many times a second, and all rows that it got."""
    rows: list[tuple] = []

    def ask(conn: psycopg.Connection) -> None:
        rows.extend(conn.execute(sql).fetchall())
        time.sleep(1 / hertz)

    return ask, rows


def over_the_limit(starts: list[float], rate: float, burst: float) -> list[tuple[float, float]]:
    """Windows with more starts than the burst and what came in. (A token's worth of time passes
    between the look into a bucket and the start.)"""
    return [
        (first, last)
        for i, first in enumerate(starts)
        for j, last in enumerate(starts[i:], 1)
        if j > burst + rate * (last - first) + 1
    ]
