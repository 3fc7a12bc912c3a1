"""Runs one adapter for the harness: `python -P -m benchmarks.peers.serve NAME SERVICE`.

Reads a JSON object a line, `{"do": method, ...}`, and answers each with a line.
"""

import importlib
import importlib.metadata
import json
import os
import platform
import sys
import time
import traceback
from typing import Any

from benchmarks.peers.base import Adapter


def main() -> None:
    name, service = sys.argv[1:]
    # Whatever a library prints must not mix with the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    adapter = None
    for line in sys.stdin:
        try:
            if adapter is None:
                adapter = importlib.import_module(f"benchmarks.peers.{name}").System(service)
            answer = {"answer": perform(adapter, **json.loads(line))}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


def perform(adapter: Adapter, do: str, **arguments: Any) -> Any:
    """Do what one line asks for."""
    match do:
        case "describe":
            versions = {name: version(name) for name in arguments["distributions"]}
            return {
                "versions": {"python": platform.python_version()} | versions,
                "unfinished_sql": adapter.unfinished_sql,
                "finished_sql": adapter.finished_sql,
                "worker": adapter.worker(),
                "environment": adapter.environment(),
            }
        case "enqueue_one" | "enqueue_bulk":
            numbers = range(arguments["first"], arguments["first"] + arguments["count"])
            began = time.perf_counter()
            getattr(adapter, do)(numbers)
            return time.perf_counter() - began
        case "setup" | "unfinished" | "finished" | "enqueue_now":
            return getattr(adapter, do)(**arguments)
    raise ValueError(f"cannot {do!r}")


def version(distribution: str) -> str:
    return importlib.metadata.version(distribution)


if __name__ == "__main__":
    main()
