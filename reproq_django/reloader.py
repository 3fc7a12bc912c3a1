"""Restarting a worker when code changes, for development."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from django.apps import apps
from django.utils import autoreload

from reproq_worker.executors.processes import die_with_parent

_LOOK_EVERY = 0.5


def run_with_reload(command: list[str], tell: Callable[[str], None]) -> int:
    """Run `command` again whenever a Python file of the project changes; return its last exit code.

    A command that fails stays down until the next change, which may be the repair.
    """
    process: subprocess.Popen[bytes] | None = None

    def pass_on(number: int, frame: FrameType | None) -> None:
        if process is not None and process.poll() is None:
            process.send_signal(number)
        raise SystemExit(process.wait() if process is not None else 0)

    def end_with_reloader() -> None:
        die_with_parent(reloader, signal.SIGTERM)

    reloader = os.getpid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    while True:
        files = _snapshot()
        process = subprocess.Popen(command, preexec_fn=end_with_reloader)
        while (now := _snapshot()) == files:
            if process.poll() == 0:
                return 0
            time.sleep(_LOOK_EVERY)
        changed = sorted(str(path) for path, _ in now.items() ^ files.items())
        tell(f"{changed[0]} changed, restarting")
        if process.poll() is None:
            process.terminate()
            process.wait()


def _snapshot() -> dict[Path, float]:
    """The modification times of everything imported here, and of the apps' other modules."""
    # Tasks are imported by the worker's children, not by this process: look at the folders too.
    paths = set(autoreload.iter_all_python_module_files())
    for config in apps.get_app_configs():
        if "site-packages" not in config.path:
            paths.update(Path(config.path).rglob("*.py"))
    times = {}
    for path in paths:
        try:
            times[path] = path.stat().st_mtime
        except OSError:
            continue
    return times
