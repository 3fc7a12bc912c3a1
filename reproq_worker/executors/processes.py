"""Small acts on Unix processes that Python has no words for."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_SHORT = 0.005
# Looked up once: in each fork it would cost as much as a small task.
_libc_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def die_with_parent(parent: int, number: int = signal.SIGKILL) -> None:
    """Have the kernel send `number` when the parent dies (Linux; elsewhere EOF must do).

    The parent may have died before the call, and then nobody sends anything: hence the second look.
    """
    _prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose own parent died, so that they can be ended too."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def become(program: list[str]) -> NoReturn:
    """Run another program in place of this one; where there is none, say so and exit with 127."""
    # Python ignores these, and a program would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(program[0], program)
    except OSError as error:
        os.write(2, f"cannot start {program[0]}: {error.strerror}\n".encode())
    os._exit(127)


def signal_group(leader: int, number: int) -> None:
    """Signal a whole process group; one that is gone already is no error."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        # Forked a moment ago, and not yet the leader of its own group.
        _signal(leader, number)
    except PermissionError:
        pass


def end_all_children(seconds: float = 0.5) -> None:
    """Kill and reap every descendant, group by group.

    The children of a killed child become this process's own (see adopt_orphans) only when it has
    died: hence the loop, which gives up on what cannot be killed.
    """
    give_up_at = time.monotonic() + seconds
    while (left := _children_of(os.getpid())) and time.monotonic() < give_up_at:
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                if (group := os.getpgid(pid)) != os.getpgrp():
                    signal_group(group, signal.SIGKILL)
            _signal(pid, signal.SIGKILL)
        time.sleep(_SHORT)
        _reap_all()


def _reap_all() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def allow_descriptors(count: int) -> None:
    """Raise this process's limit of open files to `count`, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def exit_status(wait_status: int) -> int:
    """An exit code, or minus the number of the signal."""
    return os.waitstatus_to_exitcode(wait_status)


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _children_of(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


def _prctl(option: int, value: int) -> None:
    if _libc_prctl is not None:
        _libc_prctl(option, value, 0, 0, 0)
