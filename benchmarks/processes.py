"""Processes that the benchmark starts, and what they and all below them use."""

import contextlib
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import psutil

from reproq_worker.executors.processes import die_with_parent

PATIENCE = 10.0


class Usage(NamedTuple):
    """Of a process and everything below it."""

    #: On a CPU since it began, with children that have ended.
    cpu_seconds: float
    #: What it holds; shared pages count once where the system can tell.
    memory_bytes: int


def spawn(
    command: list[str], environment: dict[str, str], log: Path, **pipes: object
) -> subprocess.Popen[bytes]:
    """Start a program that ends with this one."""
    owner = os.getpid()
    with log.open("ab") as file:
        options: dict[str, object] = {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": file}
        return subprocess.Popen(
            command,
            env=os.environ | environment,
            cwd=log.parent,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(owner),
            **(options | pipes),
        )


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and everything below it, living or reaped."""
    return sum(_cpu(process) for process in tree(pid))


def usage(pid: int) -> Usage:
    """CPU time and memory of a process and everything below it."""
    processes = tree(pid)
    return Usage(sum(map(_cpu, processes)), sum(map(_memory, processes)))


def tree(pid: int) -> list[psutil.Process]:
    """A process and everything below it."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a program to leave; kill it, and what it left behind, when it takes too long."""
    below = tree(process.pid)[1:]
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
    for left in [*below, *tree(process.pid)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            left.kill()
    process.wait()


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # On Linux what reaped children used is counted with their parent.
    return times.user + times.system + times.children_user + times.children_system


def _memory(process: psutil.Process) -> int:
    try:
        info = process.memory_full_info()
    except psutil.Error:
        return 0
    return getattr(info, "pss", info.rss)
