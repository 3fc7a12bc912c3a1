"""What a child puts back between two tasks, so that none meets what another has done to it.

A warm child runs one task after another, and some of what a task may change belongs to the whole
process: its folder, its signals, its standard streams, an alarm that would kill the next task.
"""

import contextlib
import fcntl
import os
import signal
import sys

_SIGNALS = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGALRM,
    signal.SIGCHLD,
    signal.SIGPIPE,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_STREAMS = ("stdin", "stdout", "stderr")


class ProcessState:
    """Remembers the state of this process and restores it, from the main thread."""

    def __init__(self) -> None:
        self._folder = _folder()
        self._umask = os.umask(0o077)
        os.umask(self._umask)
        self._handlers = {number: signal.getsignal(number) for number in _SIGNALS}
        self._blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self._streams = {name: getattr(sys, name) for name in _STREAMS}
        #: Standard output and error as they are now, whatever a task makes of them.
        self.output = [_copy(1), _copy(2)]
        self._copies = [_copy(0), *self.output]
        self._files = [identity(number) for number in range(3)]

    def restore(self) -> None:
        """Put back what a task has changed, as far as it can be put back."""
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._blocked)
        for number, handler in self._handlers.items():
            if signal.getsignal(number) != handler and handler is not None:
                signal.signal(number, handler)
        os.umask(self._umask)
        with contextlib.suppress(OSError):
            os.chdir(self._folder)
        for number, name in enumerate(_STREAMS):
            copy = self._copies[number]
            if copy is not None and identity(number) != self._files[number]:
                with contextlib.suppress(OSError):
                    os.dup2(copy, number)
            if copy is not None and number > 0:
                os.set_blocking(copy, True)  # some programs change that for all who share the pipe
            if copy is not None and self._streams[name].closed:
                mode = "r" if name == "stdin" else "w"
                self._streams[name] = open(number, mode, closefd=False)  # noqa: SIM115
            setattr(sys, name, self._streams[name])


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # somebody has removed it
        return "/"


def _copy(number: int) -> int | None:
    # Out of the way of the low numbers, which a task may well close one by one.
    try:
        return fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 64)
    except OSError:
        return None


def identity(number: int) -> tuple[int, int] | None:
    """Which file a descriptor stands for; None where it is closed.

    A task may close it, and then another file may get its number.
    """
    try:
        status = os.fstat(number)
    except OSError:
        return None
    return status.st_dev, status.st_ino
