"""Ticks in databases in which much has gone on before."""

from typing import Any

from reproq_worker import beat


def tick(cursor: Any) -> dict[str, int]:
    """What a tick has done, after those that truncate a partition and do nothing else."""
    while (done := beat.tick(cursor))["rotated"]:
        pass
    return done
