"""Functions that do a bounded part of something, called until all of it is done."""

from typing import Any

import psycopg

from reproq_worker.call import call_value


def in_batches(
    cursor: psycopg.Cursor, function: str, limit: int = 0, most: int = 1000, **asked: Any
) -> int:
    """Call until nothing is left, or `limit` (0: none) is reached; how many there were.

    Each call is a transaction of its own, so that nobody waits for all of them.
    """
    number = 0
    while not limit or number < limit:
        batch = min(most, limit - number) if limit else most
        done = call_value(cursor, function, max_tasks=batch, **asked)
        cursor.connection.commit()
        number += done
        if done < batch:
            break
    return number
