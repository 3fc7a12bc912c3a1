"""The executor module of a torture's workers: no Django, no imports by name, only these tasks."""

import os
import signal
import time
from typing import Any

from reproq_worker import outcomes
from reproq_worker.torture.work import PREFIX


def setup() -> None:
    """Nothing to set up."""


def execute(run: dict[str, Any]) -> dict[str, Any]:
    """Run one claimed run; what succeeds returns the number of the lease that it ran under."""
    if not run["task_path"].startswith(PREFIX):
        return outcomes.failed(
            "security_violation",
            "reproq_worker.errors.TaskNotAllowed",
            f"{run['task_path']} is no task of the torture",
            retry=False,
        )
    match run["task_path"].removeprefix(PREFIX):
        case "kills_its_process":
            os.kill(os.getpid(), signal.SIGKILL)
        case "always_fails":
            raise RuntimeError("as asked")
        case "fails_once" if run["attempt"] == 1:
            raise RuntimeError("as asked, the first time")
        case "slow":
            time.sleep(0.05)
    time.sleep(run["spec_json"]["args"][0] / 1000)
    return outcomes.completed({"lease_no": run["lease_no"]})
