"""How much memory this process takes, for a log line now and then."""

import os
import resource
import threading
from pathlib import Path


def usage() -> dict[str, int]:
    """Bytes that are resident now and were at most, and how many threads there are."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "rss_bytes": _resident() or peak,
        "ru_maxrss_bytes": peak,
        "threads": threading.active_count(),
    }


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0  # no Linux
