"""A producer as a process of its own: enqueues its share, every tenth transaction rolled back.

Killed and started again it goes on behind what its ledger knows as committed. An order whose COMMIT
was not answered is enqueued once more: the queue does not know it for the same, the ledger names
both.
"""

import random
import sys
import time
from pathlib import Path
from typing import Any

import psycopg

from reproq_worker.call import call
from tests.chaos.ledger import Ledger
from tests.chaos.mixture import Order, orders
from tests.chaos.plan import Plan, plan_named

_LARGEST = 50
#: By then the last run should be enqueued, in parts of the plan's time.
_UNTIL = 0.85


def enqueue(cursor: Any, batch: list[Order]) -> list[int]:
    """Enqueue orders in the cursor's transaction; the ids."""
    single = [order[0] for order in batch if len(order) == 1]
    rows = call(cursor, "enqueue_many", specs=single) if single else []
    for order in batch:
        if len(order) > 1:
            rows += call(cursor, "enqueue_workflow", nodes=order)
    return [row["result_id"] for row in rows]


def produce(dsn: str, ledger: Ledger, mine: list[Order], plan: Plan, chance: random.Random) -> None:
    """Enqueue what is not enqueued yet, spread over the plan's time."""
    with psycopg.connect(dsn) as conn, conn.cursor() as cursor:
        began = time.time()
        at = done = ledger.done
        while done < len(mine):
            batch = mine[done : done + chance.randint(1, _LARGEST)]
            ids = enqueue(cursor, batch)
            time.sleep(chance.uniform(0, 0.03))  # somebody may be killed here, in mid-transaction
            if chance.random() < 0.1:
                ledger.note("-", done, ids)
                conn.rollback()
            else:
                ledger.note("?", done, ids)
                conn.commit()
                done += len(batch)
                ledger.note("+", done, ids)
            pace = plan.seconds * _UNTIL / len(mine)
            time.sleep(max(0.0, (done - at) * pace - (time.time() - began)))


def main() -> None:
    """Until all is enqueued, over outages."""
    dsn, file, name, seconds, tasks, seed, part = sys.argv[1:]
    plan, ledger = plan_named(name, seconds=float(seconds), tasks=int(tasks)), Ledger(Path(file))
    mine = orders(int(seed), plan.tasks, plan.poison)[int(part) :: plan.producers]
    while True:
        try:
            produce(dsn, ledger, mine, plan, random.Random(f"{seed} {part} {ledger.done}"))
            return
        except psycopg.OperationalError:
            time.sleep(0.1)


if __name__ == "__main__":
    main()
