"""What the workers run: each body writes down that it began and ended, in a file outside Postgres.

A line is `began` or `ended`, the run, and the number of the lease.
"""

import os
import signal
import time
from pathlib import Path

from reproq_worker import outcomes
from tests.chaos.mixture import kind_of

#: The environment variable that names the file.
BODIES = "CHAOS_BODIES"


def setup():
    """Nothing to prepare."""


def execute(run):
    """Run one claimed run; what succeeds returns the number of the lease that it ran under."""
    note("began", run)
    match kind_of(run["task_path"]):
        case "always_fails":
            raise RuntimeError("as asked")
        case "fails_once" if run["attempt"] == 1:
            raise RuntimeError("as asked, the first time")
        case "kills_its_child":
            os.kill(os.getpid(), signal.SIGKILL)
        case "kills_its_worker":
            kill_worker()
    time.sleep(run["spec_json"]["args"][0] / 1000)
    note("ended", run)
    return outcomes.completed({"lease_no": run["lease_no"]})


def kill_worker():
    """The worker is the parent of the zygote, and the zygote that of the children."""
    stat = Path(f"/proc/{os.getppid()}/stat").read_text()
    os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)
    time.sleep(30)


def note(what, run):
    """Append one line, in one write: it is there whole, whoever is killed then."""
    file = os.open(os.environ[BODIES], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(file, f"{what} {run['result_id']} {run['lease_no']}\n".encode())
    finally:
        os.close(file)
