"""One chaos run, from an empty server to the verdict."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg

from tests.chaos.evidence import collect
from tests.chaos.finding import Finding
from tests.chaos.journal import keep_journal
from tests.chaos.mixture import BURST, PREFIX, RATE
from tests.chaos.plan import Plan
from tests.chaos.scene import Scene
from tests.chaos.verdict import judge
from tests.harness.machine import NEWEST
from tests.harness.servers import Server

#: A crash must not lose what was committed, and a deadlock shows itself soon.
_SETTINGS = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


def run(
    plan: Plan,
    seed: int,
    tell: Callable[[str], None] = lambda _: None,
    keep: Path | None = None,
    spoil: str = "",
) -> tuple[Scene, list[Finding]]:
    """Play a plan on a server of its own; `spoil` is SQL that breaks the queue first.

    What was written on the way is left in the folder `keep`.
    """
    server = Server(NEWEST, _SETTINGS)
    folder = Path(tempfile.mkdtemp(prefix="reproq-chaos-"))
    try:
        server.start()
        dsn = server.dsn(server.new_database())
        with psycopg.connect(dsn, autocommit=True) as conn:
            keep_journal(conn)
            conn.execute(
                "select reproq_set_rate_limit(%s, %s, %s)", [f"task:{PREFIX}rated", RATE, BURST]
            )
            if spoil:
                conn.execute(spoil)
        scene = Scene(plan, seed, server, dsn, folder)
        try:
            scene.play(tell)
        finally:
            (folder / "diary").write_text("\n".join(scene.diary))
            shutil.copy(server.log_file, folder / "postgres.txt")
        return scene, judge(collect(scene))
    finally:
        if keep:
            shutil.copytree(folder, keep, dirs_exist_ok=True)
        server.stop("immediate")
        shutil.rmtree(server.data_dir, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
