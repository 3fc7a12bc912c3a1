"""Keeping time over a connection of one's own."""

from reproq_worker.supervisor.database import Session

_TICK = "select fired, moved, rotated from reproq_tick(reclaim => %s)"
_MOVED_AT_MOST = 10_000
"""As many tickets as a tick moves on, where there are more."""


async def keep_time(session: Session, reclaim: bool = True) -> int:
    """Do what is due, in as many ticks as that takes; how many scheduled tasks were enqueued."""
    [(fired, moved, rotated)] = await session.query(_TICK, (reclaim,))
    # A tick that truncates a partition of the line does nothing else.
    while rotated:
        [(fired, moved, rotated)] = await session.query(_TICK, (reclaim,))
    # All that was left in a partition has moved on: now, not in a second, is when to truncate it,
    # since until then each claim reads past what is dead there.
    if 0 < moved < _MOVED_AT_MOST:
        [(more, _, _)] = await session.query(_TICK, (reclaim,))
        fired += more
    return fired
