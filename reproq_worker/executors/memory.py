"""How much memory the process of a task may take: `--max-memory`.

The limit is the kernel's, on private memory that a process has asked for (RLIMIT_DATA): a task that
wants more gets a MemoryError in the moment that it asks, not a SIGKILL when the machine is full.
"""

import os
import resource
from pathlib import Path
from typing import Any

#: What a process may have kept of its limit when a task has ended; a child with more is replaced.
_SHARE = 0.5
#: Given to a process that has met its limit, so that it can say so.
_LAST_WORDS = 32 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")


def limit_to(size: int) -> None:
    """Limit this process; 0 means no limit."""
    if size:
        resource.setrlimit(resource.RLIMIT_DATA, (size, size + _LAST_WORDS))


def allow_last_words() -> None:
    """Let this process, which has met its limit, take a little more."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def refuse_small_limit(size: int) -> None:
    """MemoryError when a limit leaves no task anything beside what this process has loaded."""
    taken = _data_size()
    if size and taken >= size * _SHARE:
        raise MemoryError(
            f"max_memory is {in_words(size)}, and what is loaded takes {in_words(taken)} already;"
            " at least twice as much is needed"
        )


def explain(outcome: dict[str, Any], size: int) -> bool:
    """Say in the outcome of a task that met the limit that there is one; whether it did."""
    error = outcome.get("error") if isinstance(outcome, dict) else None
    if not isinstance(error, dict) or error.get("exception_class") != "builtins.MemoryError":
        return False
    said = error["message"] or "MemoryError"
    error["message"] = f"{said}: the process of a task may take {in_words(size)} (max_memory)"
    return True


def is_worn_out(size: int) -> bool:
    """Whether this process keeps so much of its limit that another task might not find enough."""
    return size > 0 and _data_size() > size * _SHARE


def in_words(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / (1 << 20):.4g} MiB"


def _data_size() -> int:
    try:
        pages = Path("/proc/self/statm").read_text().split()
    except OSError:
        return 0
    return int(pages[5]) * _PAGE
