"""The process that children are forked from.

It is started fresh, so it has none of the worker's threads and connections. It loads the executor
module once, and forks a warm child for each slot. Being the parent, it is the one that signals
process groups and reaps them: a group is killed before its leader is reaped, so no pid can have
been given to somebody else.

Without an executor module it starts programs instead: `fork` then names one.

Commands come as lines: `signal <pid> <number>`, and `fork <slot>` with descriptors: of the channel
(for a program, which follows as JSON: its standard input), of standard output and of standard
error. Events go back as lines of JSON.

After a fork, both sides copy each page that they write to. Hence plain descriptors and words, and
as few objects as can be, on the way of a child: see docs/decisions/056-what-a-fork-copies.md.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from _signal import SIG_DFL
from _signal import signal as set_handler  # the one in `signal` makes enums of what it replaces
from types import ModuleType
from typing import Any, NoReturn

from reproq_worker.executors import child, memory, processes, secrets, uncounted

_READ = 4096
#: Room for the descriptors of as many commands as may come at once.
_ATTACHED = socket.CMSG_SPACE(64 * 4)


class Zygote:
    """Forks, signals and reaps the children of one worker."""

    def __init__(self, control: socket.socket, settings: dict[str, Any]) -> None:
        self.control = control
        self.settings = settings
        self.module: ModuleType
        self.children: set[int] = set()
        self._pid = os.getpid()
        self._text = b""
        self._descriptors: list[int] = []

    def load(self) -> bool:
        """Import the executor module and set it up; report what goes wrong."""
        try:
            if name := self.settings["executor_module"]:
                self.module = importlib.import_module(name)
                self.module.setup()
                child.begin_thread(self.module)  # which each child's only thread is a copy of
                child.rehearse()
            memory.refuse_small_limit(self.settings["max_memory"])
        except BaseException as error:
            summary = traceback.format_exception_only(error)[-1].strip()
            self.report(json.dumps({"event": "setup_failed", "error": summary}).encode() + b"\n")
            return False
        self.report(b'{"event": "ready"}\n')
        return True

    def serve(self) -> NoReturn:
        """Obey commands until the supervisor is gone, then end everything."""
        wakeup, alarm = os.pipe()
        control = self.control.fileno()
        os.set_blocking(alarm, False)
        self._private = [control, wakeup, alarm]
        signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.end())
        processes.adopt_orphans()
        # After setup, a SIGKILL by the kernel would leave the groups behind: ask for SIGTERM.
        processes.die_with_parent(self.settings["supervisor"], signal.SIGTERM)
        poll = select.poll()
        poll.register(control, select.POLLIN)
        poll.register(wakeup, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == wakeup:
                    os.read(wakeup, _READ)
                    self.reap()
                else:
                    self.take_commands()

    def take_commands(self) -> None:
        """Read what has arrived and obey whole lines."""
        try:
            data, attached, _, _ = self.control.recvmsg(_READ, _ATTACHED)
        except ConnectionResetError:  # gone with events unread
            data, attached = b"", []
        if not data:
            self.end()
        for _, _, packed in attached:
            self._descriptors += memoryview(packed).cast("i")
        *lines, self._text = (self._text + data).split(b"\n")
        for line in lines:
            verb, _, rest = line.partition(b" ")
            first, _, second = rest.partition(b" ")
            if verb == b"fork":
                descriptors = [self._descriptors.pop(0) for _ in range(3)]
                self.fork(int(first), descriptors, json.loads(second) if second else None)
            elif int(first) in self.children:
                processes.signal_group(int(first), int(second))

    def fork(self, slot: int, descriptors: list[int], program: list[str] | None) -> None:
        """Make one child that serves the channel behind the first descriptor, or is a program."""
        pid = os.fork()
        if pid == 0:
            try:
                self.become_child(descriptors, program)
            finally:
                os._exit(70)
        for descriptor in descriptors:
            os.close(descriptor)
        self.children.add(pid)
        self.report(b'{"event": "forked", "slot": %d, "pid": %d}\n' % (slot, pid))

    def become_child(self, descriptors: list[int], program: list[str] | None) -> NoReturn:
        """Leave behind what belongs to the zygote, then serve."""
        os.setsid()
        signal.set_wakeup_fd(-1)
        set_handler(signal.SIGTERM, SIG_DFL)
        set_handler(signal.SIGCHLD, SIG_DFL)
        set_handler(signal.SIGINT, signal.default_int_handler)
        for private in self._private:
            os.close(private)  # (A child never returns to the objects that hold them.)
        for others in self._descriptors:
            os.close(others)  # channels of children that are forked next
        processes.die_with_parent(self._pid)
        memory.limit_to(self.settings["max_memory"])
        first, stdout, stderr = descriptors
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        os.close(stdout)
        os.close(stderr)
        if program is not None:
            os.environ.update(self.settings["variables"])
            secrets.hand_over(self.settings["environment"])
            os.dup2(first, 0)
            os.close(first)
            processes.become(program)
        child.serve(first, self.module, self.settings)

    def reap(self) -> None:
        """Kill the group of every child that ended, then reap it and report."""
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            except ChildProcessError:
                return
            if ended is None:
                return
            pid = ended.si_pid
            if pid in self.children:
                processes.signal_group(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
            if pid in self.children:
                self.children.discard(pid)
                ended_as = processes.exit_status(status)
                self.report(b'{"event": "exited", "pid": %d, "status": %d}\n' % (pid, ended_as))

    def report(self, line: bytes) -> None:
        """Tell the supervisor; if it is gone, the next read says so."""
        with contextlib.suppress(OSError):
            self.control.sendall(line)

    def end(self) -> NoReturn:
        """Kill every group and every orphan, and leave."""
        if os.getpid() != self._pid:
            os._exit(1)  # a child that was signalled before it had left the zygote's ways behind
        for pid in self.children:
            processes.signal_group(pid, signal.SIGKILL)
        processes.end_all_children()
        os._exit(0)


def main() -> None:
    """Entry of `python -m reproq_worker.executors.zygote <descriptor> <supervisor's pid>`."""
    descriptor, supervisor = int(sys.argv[1]), int(sys.argv[2])
    # Nothing to clean up yet, and setup may hang for long: die at once with the supervisor.
    processes.die_with_parent(supervisor)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(descriptor, False)
    # Standard output is the worker's log; what tasks print goes beside it.
    os.dup2(2, 1)
    control = socket.socket(fileno=descriptor)
    settings = json.loads(control.makefile("rb", buffering=0).readline())
    settings["supervisor"] = supervisor
    if settings["executor_module"]:  # a program gets them in another way
        os.environ.update(settings["environment"])
    sys.path += [entry for entry in settings["sys_path"] if entry not in sys.path]
    zygote = Zygote(control, settings)
    if not zygote.load():
        sys.exit(2)
    gc.collect()
    uncounted.stop_counting()
    gc.freeze()  # keeps the pages that hold modules shared with every child
    zygote.serve()


if __name__ == "__main__":
    main()
