"""A file for each attempt that wrote something: `--logs-dir`."""

import os
from pathlib import Path

from reproq_worker.executors.output import Written


class LogFiles:
    """Writes `task-<result_id>-attempt-<n>.log` into one folder that only its owner can read."""

    def __init__(self, folder: str) -> None:
        """Make the folder; OSError where that is impossible."""
        self._folder = Path(folder).absolute()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = self._folder / f".probe-{os.getpid()}"
        probe.touch(0o600)
        probe.unlink()

    def write(self, result_id: int, attempt: int, written: Written) -> str:
        """Write the file of an attempt and return its path; OSError. May block."""
        path = self._folder / f"task-{result_id}-attempt-{attempt}.log"
        # A new file each time: what lies there may be somebody's link, or readable by others.
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(b"STDOUT:\n%s\nSTDERR:\n%s\n" % (written.stdout, written.stderr))
        return str(path)
