"""What is there to look at when it is over."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.chaos.journal import LIVE
from tests.chaos.scene import MARK, Scene

_TICKETS = ("reproq_leases", "reproq_ready", "reproq_scheduled", "reproq_blocked")
_EDGES = """
select e.result_id, e.waits_for from reproq_edges e
inner join task_runs r on r.result_id = e.result_id
"""


@dataclass(frozen=True)
class Evidence:
    """The records, and what witnesses outside them have seen."""

    runs: dict[int, dict[str, Any]]
    #: Every change of a status, as the trigger saw it, in order.
    journal: list[dict[str, Any]]
    #: (run, the one that it waits for)
    edges: list[tuple[int, int]]
    #: Rows of each kind of ticket in the end.
    tickets: dict[str, int]
    #: What keeps each run that has not ended.
    stranded: list[str]
    committed: set[int]
    #: Whether these transactions happened nobody heard.
    unknown: set[int]
    rolled_back: set[int]
    #: (what, run, lease number), as the bodies wrote it down.
    bodies: list[tuple[str, int, int]]
    logs: dict[str, str]
    server_log: str
    orphans: list[str]
    scene: Scene
    of_run: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for change in self.journal:
            self.of_run.setdefault(change["result_id"], []).append(change)

    def became(self, result_id: int, status: str) -> list[dict[str, Any]]:
        """Each time that a run came to be in a status."""
        return [c for c in self.of_run.get(result_id, []) if c["became"] == status]

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        """The records of one kind."""
        return [run for run in self.runs.values() if run["task_path"] == f"chaos.{kind}"]


def collect(scene: Scene) -> Evidence:
    """Look at everything, after the last process has been told to leave."""
    ledgers = [producer.ledger for producer in scene.producers]
    with scene.watcher() as conn:
        rows = conn.cursor(row_factory=dict_row).execute("select * from task_runs").fetchall()
        journal = conn.cursor(row_factory=dict_row).execute(
            "select * from chaos_journal order by place"
        )
        return Evidence(
            runs={row["result_id"]: row for row in rows},
            journal=journal.fetchall(),
            edges=conn.execute(_EDGES).fetchall(),
            tickets={name: _count(conn, name) for name in _TICKETS},
            stranded=_stranded(conn),
            committed={id_ for ledger in ledgers for id_ in ledger.ids("+")},
            unknown={id_ for ledger in ledgers for id_ in ledger.ids("?")},
            rolled_back={id_ for ledger in ledgers for id_ in ledger.ids("-")},
            bodies=_bodies(scene.bodies),
            logs={file.name: file.read_text() for file in sorted(scene.folder.glob("*.log"))},
            server_log=scene.server.log_file.read_text(errors="replace"),
            orphans=_marked(scene.mark),
            scene=scene,
        )


def _count(conn: psycopg.Connection, table: str) -> int:
    statement = psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(table))
    row = conn.execute(statement).fetchone()
    return row[0] if row else 0


def _stranded(conn: psycopg.Connection) -> list[str]:
    live = LIVE.replace("count(*)", "result_id, task_path, status") + " order by 1 limit 20"
    return [
        f"{result_id} {path} {status}: "
        + "; ".join(
            str(row[0])
            for row in conn.execute("select to_jsonb(e) from reproq_explain(%s) e", [result_id])
        )
        for result_id, path, status in conn.execute(live).fetchall()
    ]


def _bodies(file: Path) -> list[tuple[str, int, int]]:
    words = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [(what, int(run), int(lease)) for what, run, lease in words]


def _marked(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            marked = f"{MARK}={mark}".encode() in (folder / "environ").read_bytes()
        except OSError:
            continue
        if marked and state not in "ZX":
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found.append(f"{folder.name} {words}")
    return found
