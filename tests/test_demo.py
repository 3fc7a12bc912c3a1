"""./run demo shows real work, and leaves nothing behind however it is ended."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow


class Demo:
    """A ./run demo without a terminal, in a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "demo.log"
        self.mark = f"test-{os.getpid()}-{time.monotonic_ns()}"
        environment = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST_")}
        with self.log.open("w") as output:
            self.process = subprocess.Popen(
                [ROOT / "run", "demo", "--folder", folder],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # Whatever it starts inherits this, so that it can be told from other processes.
                env=environment | {"REPROQ_TEST": self.mark},
            )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def processes(self) -> list[str]:
        """What is left of it: the command line of every process that it has started."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and folder.name != str(self.process.pid):
                try:
                    if self.mark.encode() in (folder / "environ").read_bytes():
                        found.append((folder / "cmdline").read_text().replace("\0", " "))
                except OSError:
                    continue
        return found

    def wait_for(self, condition: Callable[[], object], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not in {seconds} s: {self.said}"
            time.sleep(0.05)

    def wait_until_gone(self, seconds: float) -> None:
        self.wait_for(lambda: not self.processes(), seconds)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Demo]]:
    """Starts a demo; in the end none is left."""
    demos: list[Demo] = []

    def start() -> Demo:
        demos.append(Demo(tmp_path))
        return demos[-1]

    yield start
    for demo in demos:
        demo.process.kill()
        demo.process.wait()
        demo.wait_until_gone(30)


def figures(said: str, name: str) -> list[str]:
    """The cells of a row of the table."""
    [row] = re.findall(rf"^{name}\s{{2,}}(\S.*)$", said, re.MULTILINE)
    return re.split(r"\s{2,}", row)


def number(said: str, name: str) -> int:
    return int(figures(said, name)[0].replace(",", ""))


@pytest.mark.long
def test_it_ends_by_itself_and_shows_what_came_of_the_work(start: Callable[[], Demo]) -> None:
    demo = start()
    assert demo.process.wait(170) == 0, demo.said
    said = demo.said
    assert number(said, "source files") > 500
    assert number(said, "lines") > 200_000
    assert number(said, "tasks") > number(said, "source files")
    assert number(said, "attempts") > number(said, "tasks")
    assert number(said, "joined duplicates") == 25
    assert number(said, "delayed") == 6
    assert figures(said, "throughput")[0].endswith("/s")
    assert figures(said, "lost/renamed.py")[0] == "3"
    assert number(said, "builtins.ConnectionError") == 12
    assert number(said, "asyncio") > 20
    assert re.search(r"^chain: asyncio/\w+\.py +[\d,]{3,}$", said, re.MULTILINE)
    assert re.search(r"^chord: \w+/.*\.py +[\d,]{5,}$", said, re.MULTILINE)
    assert number(said, "counted by its run") >= 0
    assert re.search(r"Admin: http://127\.0\.0\.1:\d+/admin/  user demo, password \S+", said)
    overview = r"Queue overview: http://127\.0\.0\.1:\d+/admin/reproq_django/taskrun/overview/"
    assert re.search(rf"{overview}\Z", said.strip())
    assert demo.processes() == []


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        signal.SIGTERM,
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_it_leaves_no_process_behind(start: Callable[[], Demo], number: signal.Signals) -> None:
    demo = start()
    wait_for_work(demo)
    demo.process.send_signal(number)
    assert demo.process.wait(20) == 128 + number, demo.said
    assert demo.processes() == []


@pytest.mark.long
def test_killed_it_leaves_no_process_behind_and_the_next_one_goes_on(
    start: Callable[[], Demo],
) -> None:
    killed = start()
    wait_for_work(killed)
    killed.process.kill()
    killed.process.wait()
    killed.wait_until_gone(5)

    demo = start()
    assert demo.process.wait(170) == 0, demo.said
    # What the first one had left in the queue is still there, and is what the second one joins.
    assert number(demo.said, "joined duplicates") > 500
    assert number(demo.said, "source files") > 500
    assert demo.processes() == []


def test_killed_while_it_sets_up_it_leaves_no_process_behind(start: Callable[[], Demo]) -> None:
    demo = start()
    demo.wait_for(lambda: any("initdb" in command for command in demo.processes()), 60)
    demo.process.kill()
    demo.process.wait()
    demo.wait_until_gone(2)


def wait_for_work(demo: Demo) -> None:
    demo.wait_for(lambda: re.search(r"\b[1-9]\d*/\d+ .* running", demo.said), 60)
    assert len(demo.processes()) > 4, "a server, its keeper, a worker, its children"
