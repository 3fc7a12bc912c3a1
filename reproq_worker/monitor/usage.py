"""How much the worker and its children use."""

import time

import psutil


class Usage:
    """CPU since the last look, and memory now, of this process and everything below it."""

    def __init__(self) -> None:
        self._me = psutil.Process()
        self._looked_at = time.monotonic()
        self._spent: dict[int, float] = {}
        self.look()

    def look(self) -> tuple[float, int]:
        """Percent of one core, and resident bytes."""
        now, spent, memory = time.monotonic(), {}, 0
        for process in [self._me, *self._below()]:
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    memory += process.memory_info().rss
            except psutil.Error:
                continue  # it has ended
            spent[process.pid] = times.user + times.system
        used = sum(seconds - self._spent.get(pid, 0.0) for pid, seconds in spent.items())
        elapsed, self._looked_at, self._spent = now - self._looked_at, now, spent
        return (100 * max(used, 0.0) / elapsed if elapsed > 0 else 0.0), memory

    def _below(self) -> list[psutil.Process]:
        try:
            return self._me.children(recursive=True)
        except psutil.Error:
            return []
