"""The harness's end of an adapter, and the workers of a system."""

import contextlib
import json
import selectors
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.catalogue import Entry
from benchmarks.peers.work import STAMP
from benchmarks.places import ROOT
from benchmarks.processes import end, spawn

PATIENCE = 120.0


class Failed(Exception):
    """A system could not be measured; the message says what it said."""


class Client:
    """One system, in its own process and environment."""

    def __init__(
        self, entry: Entry, python: Path, service: str, folder: Path, stamp_every: int
    ) -> None:
        self.entry = entry
        self.stamp_every = stamp_every
        self.log = folder / "system.log"
        self._stamps = folder / "stamps"
        self._stamps.touch()
        self._environment = {
            # Nothing but `benchmarks`: an installed version of this project must not be shadowed.
            "PYTHONPATH": str(search_path(folder)),
            "BENCH_SERVICE": service,
            "BENCH_STAMPS": str(self._stamps),
            "BENCH_STAMP_EVERY": str(stamp_every),
            "BENCH_ISOLATION": entry.isolation,
        }
        command = [str(python), "-P", "-m", "benchmarks.peers.serve", entry.adapter, service]
        self._process = spawn(
            command,
            self._environment,
            self.log,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            self._about = self.ask("describe", distributions=entry.distributions)
        except Failed:
            self.close()
            raise
        self.versions: dict[str, str] = self._about["versions"]
        self._counter = None
        if entry.service == "postgres":
            self._counter = psycopg.connect(service, autocommit=True)

    def ask(self, do: str, **arguments: Any) -> Any:
        """Have the adapter do something and return its answer; raises Failed."""
        line = json.dumps({"do": do, **arguments}) + "\n"
        try:
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()
        except OSError:
            raise Failed(self.complaint()) from None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(PATIENCE):
                raise Failed(f"{do} took more than {PATIENCE:g} s")
        answer = self._process.stdout.readline()
        if not answer:
            raise Failed(self.complaint())
        read = json.loads(answer)
        if "error" in read:
            raise Failed(read["error"])
        return read["answer"]

    def unfinished(self) -> int:
        """How many tasks are not done."""
        return self._count("unfinished")

    def finished(self) -> int | None:
        """How many tasks the system says it has done; None where it keeps nothing of them."""
        return self._count("finished")

    def _count(self, what: str) -> Any:
        if self._counter and (statement := self._about[f"{what}_sql"]):
            return self._counter.execute(statement).fetchone()[0]
        return self.ask(what)

    @contextlib.contextmanager
    def workers(self, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
        """So many workers, until the end of the block."""
        running = []
        try:
            for number in range(count):
                own = self._environment | self._about["environment"]
                own["BENCH_WORKER"] = str(number)
                running.append(spawn(self._about["worker"], own, self.log))
            yield running
        finally:
            for process in running:
                process.terminate()
            for process in running:
                end(process)

    def read_stamps(self, skip: int) -> list[tuple[float, int, int]]:
        """The stamps that tasks left (time, number, worker), after the first few."""
        with self._stamps.open("rb") as file:
            file.seek(skip * STAMP.size)
            data = file.read()
        return list(STAMP.iter_unpack(data[: len(data) // STAMP.size * STAMP.size]))

    def complaint(self) -> str:
        """The last lines that the system wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])

    def close(self) -> None:
        if getattr(self, "_counter", None):
            self._counter.close()
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        end(self._process)
        self._process.stdout.close()


def search_path(folder: Path) -> Path:
    """A folder with nothing but a link to `benchmarks`."""
    place = folder / "path"
    place.mkdir(exist_ok=True)
    link = place / "benchmarks"
    if not link.is_symlink():
        link.symlink_to(ROOT / "benchmarks")
    return place
