"""A line about a web process's memory now and then: REPROQ_MEMORY_LOG_INTERVAL."""

import logging
import os
import threading
from datetime import timedelta
from typing import Any

from reproq_worker import durations, memory

logger = logging.getLogger("reproq.memory")

_OFF = {"", "0", "off", "false", "no"}
_started_in: int | None = None


def interval() -> float:
    """Seconds between two lines; 0 when there are to be none, as for what is no duration."""
    text = os.environ.get("REPROQ_MEMORY_LOG_INTERVAL", "").strip().lower()
    if text in _OFF:
        return 0.0
    try:
        return durations.parse(text) / timedelta(seconds=1)
    except ValueError:
        return 0.0


def on_request(**_: Any) -> None:
    """Begin with the first request, so in the process that serves it, not in one that forks it."""
    global _started_in
    if _started_in == os.getpid():
        return
    _started_in = os.getpid()
    seconds = interval()
    if seconds:
        threading.Thread(target=_run, args=(seconds,), name="reproq-memory", daemon=True).start()


def write(seconds: float) -> None:
    """Log one line."""
    role = os.environ.get("REPROQ_PROCESS_ROLE") or "web"
    known = {"role": role, "pid": os.getpid(), **memory.usage(), "interval_s": f"{seconds:g}"}
    logger.info("reproq_memory_usage %s", " ".join(f"{key}={known[key]}" for key in known))


def _run(seconds: float) -> None:
    pause = threading.Event()
    while True:
        write(seconds)
        pause.wait(seconds)
