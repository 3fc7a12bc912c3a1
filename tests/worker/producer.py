"""A producer as a process of its own: enqueues in transactions and writes down what was committed.

Each line of its ledger is `+ ids` for a transaction whose COMMIT it saw, `- ids` for one that it
rolled back.
"""

import json
import os
import random
import sys
import time

import psycopg

CHAIN = json.dumps(
    [
        {"key": str(place), "after": [str(place - 1)] if place else [], "task_path": "plain.noop"}
        for place in range(4)
    ]
)


def enqueue(conn: psycopg.Connection, number: int) -> list[int]:
    if number % 3 == 0:
        rows = conn.execute("select result_id from reproq_enqueue_workflow(%s)", [CHAIN])
        return [row[0] for row in rows]
    arguments = json.dumps([os.getpid(), number])
    row = conn.execute("select reproq_enqueue('plain.noop', args => %s)", [arguments]).fetchone()
    return [row[0]]


def produce(dsn: str, ledger: int) -> None:
    with psycopg.connect(dsn) as conn:
        # The tests' servers forget the last moment before a crash, unless one asks.
        conn.execute("set synchronous_commit = on")
        conn.commit()
        while True:
            ids = [
                result_id
                for number in random.sample(range(10**9), random.randint(1, 20))
                for result_id in enqueue(conn, number)
            ]
            if random.random() < 0.2:
                conn.rollback()
                word = "-"
            else:
                conn.commit()
                word = "+"
            os.write(ledger, f"{word} {' '.join(map(str, ids))}\n".encode())


def main() -> None:
    dsn, file = sys.argv[1:]
    ledger = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    while True:
        try:
            produce(dsn, ledger)
        except psycopg.OperationalError:
            time.sleep(0.05)


main()
