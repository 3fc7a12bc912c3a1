"""The task of all systems: it does nothing, and now and then writes down when."""

import os
import struct
import time
from functools import cache

#: When (time.monotonic), the number of the call, the number of the worker.
STAMP = struct.Struct("<dqq")


def work(number: int) -> None:
    """Do nothing; leave a stamp if the number is negative or one of every so many."""
    if number < 0 or number % _every() == 0:
        # One write to a file opened for appending: processes do not mix theirs.
        os.write(_file(), STAMP.pack(time.monotonic(), number, int(os.environ["BENCH_WORKER"])))


@cache
def _every() -> int:
    return int(os.environ["BENCH_STAMP_EVERY"])


@cache
def _file() -> int:
    return os.open(os.environ["BENCH_STAMPS"], os.O_WRONLY | os.O_APPEND)
