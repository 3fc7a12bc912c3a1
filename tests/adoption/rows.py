"""What an old database may be full of, each run under a name by which tests ask for it."""

import itertools
import json
from typing import Any

GROUP = "11111111-1111-4111-8111-111111111111"
CHORD = "22222222-2222-4222-8222-222222222222"
HALF_DONE = "33333333-3333-4333-8333-333333333333"
FAILED_CHORD = "44444444-4444-4444-8444-444444444444"


class OldRuns:
    """Inserts runs as the reference implementation does, with every column said."""

    def __init__(self, cursor: Any) -> None:
        self.cursor = cursor
        self.ids: dict[str, int] = {}
        self._hashes = itertools.count(1)
        self.columns = {
            row[0]: row[1]
            for row in cursor.execute(
                "select attname, atttypid::regtype::text from pg_attribute"
                " where attrelid = 'task_runs'::regclass and attnum > 0"
            )
        }

    def add(self, name: str, status: str = "READY", **columns: Any) -> int:
        """A value may be SQL: `now() + interval '1 hour'`, in parentheses."""
        number = next(self._hashes)
        values = {
            "backend_alias": "default",
            "queue_name": "default",
            "priority": 0,
            "spec_json": {
                "v": 1,
                "task_path": "shop.tasks.add",
                "args": [name],
                "kwargs": {},
                "takes_context": False,
                "queue_name": "default",
                "priority": 0,
                "exec": {"timeout_seconds": 900, "max_attempts": 3},
            },
            "spec_hash": f"{number:064x}",
            "task_path": "shop.tasks.add",
            "status": status,
            "enqueued_at": f"(now() - interval '1 hour' + interval '{number} s')",
            "attempts": 0,
            "max_attempts": 3,
            "timeout_seconds": 900,
            "concurrency_limit": 0,
            "worker_ids": [],
            "errors_json": [],
            "metadata_json": {},
            "wait_count": 0,
            "created_at": "(now())",
            "updated_at": "(now())",
            "cancel_requested": False,
        }
        if status == "RUNNING":
            values |= {
                "attempts": 1,
                "worker_ids": ["old-1"],
                "leased_by": "old-1",
                "leased_until": "(now() + interval '3 minutes')",
                "started_at": "(now())",
            }
        elif status in ("SUCCESSFUL", "FAILED", "CANCELLED"):
            values |= {"attempts": 1, "finished_at": "(now() - interval '1 minute')"}
        values = {k: v for k, v in (values | columns).items() if k in self.columns}
        places, params = [], []
        for column, value in values.items():
            if isinstance(value, str) and value.startswith("("):
                places.append(value)
                continue
            places.append("%s")
            as_json = self.columns[column] == "jsonb" and value is not None
            params.append(json.dumps(value) if as_json else value)
        self.ids[name] = self.cursor.execute(
            f"insert into task_runs ({', '.join(values)}) values ({', '.join(places)})"
            " returning result_id",
            params,
        ).fetchone()[0]
        return self.ids[name]


def fill(cursor: Any) -> dict[str, int]:
    """Runs of every status and kind; their ids by name. Nothing of workflows."""
    runs = OldRuns(cursor)
    add = runs.add
    add("ready")
    add("urgent", priority=100)
    add("beyond", priority=99999)
    add("delayed", run_after="(now() + interval '1 hour')", worker_ids=["old-1"])
    add("retried", run_after="(now() + interval '30 s')", attempts=2, finished_at="(now())")
    add("due", run_after="(now() - interval '1 minute')")
    add("used up", attempts=3)
    add("expired", expires_at="(now() - interval '1 minute')")
    add("to be cancelled", cancel_requested=True)
    add("paused", queue_name="mail")
    add("no path", task_path=None)
    add("unlimited", concurrency_key="free", concurrency_limit=0)
    add("unlimited too", concurrency_key="free", concurrency_limit=0)

    add("running", "RUNNING")
    add("lost", "RUNNING", leased_until="(now() - interval '1 minute')")
    add("without a lease", "RUNNING", leased_until=None, leased_by=None)
    add("cancelling", "RUNNING", cancel_requested=True)
    for i in range(3):
        add(f"key {i}", "RUNNING", concurrency_key="k", concurrency_limit=2)
        add(f"lock {i}", "RUNNING", lock_key="l")
    add("behind the key", concurrency_key="k", concurrency_limit=2)
    add("behind the lock", lock_key="l")

    add("done", "SUCCESSFUL", return_json={"sum": 3}, worker_ids=["old-1"])
    add("null", "SUCCESSFUL", return_json=None, finished_at=None, leased_until="(now())")
    add(
        "failed",
        "FAILED",
        failed_at="(now())",
        finished_at=None,
        last_error="boom",
        errors_json=[{"kind": "app_error", "message": "boom"}],
    )
    add("failed somehow", "FAILED", task_path=None)
    add("cancelled", "CANCELLED")
    add("same as failed", spec_hash=f"{99:064x}")
    add("same as before", "FAILED", spec_hash=f"{99:064x}")
    # The last id that was given out is not the highest that is left.
    cursor.execute("delete from task_runs where result_id = %s", [add("deleted")])
    del runs.ids["deleted"]
    return runs.ids


def fill_workflows(cursor: Any) -> dict[str, int]:
    """Chains, a group and chords, before and in the middle of their lives."""
    runs = OldRuns(cursor)

    def member(name: str, status: str, number: int, **columns: Any) -> int:
        return runs.add(name, status, spec_hash=f"{number:032x}", **columns)

    first = member("chain 1", "READY", 101)
    second = member("chain 2", "WAITING", 102, parent_id=first, wait_count=1)
    member("chain 3", "WAITING", 103, parent_id=second, wait_count=1)

    done = member("left 1", "SUCCESSFUL", 104)
    member("left 2", "WAITING", 105, parent_id=done, wait_count=1)
    broken = member("broken 1", "FAILED", 106)
    behind = member("broken 2", "WAITING", 107, parent_id=broken, wait_count=1)
    member("broken 3", "WAITING", 108, parent_id=behind, wait_count=1)
    member("orphan", "WAITING", 109, wait_count=1)

    hasty = member("hasty 1", "READY", 150)
    member("hasty 2", "READY", 151, parent_id=hasty)
    # The runs of this one were deleted.
    cursor.execute(
        "insert into workflow_runs values"
        " (gen_random_uuid(), 3, 3, 0, 999999, 'SUCCESSFUL', now(), now())"
    )

    for i in range(2):
        member(f"group {i}", "READY", 110 + i, workflow_id=GROUP)

    for i in range(3):
        member(f"chord {i}", "READY", 120 + i, workflow_id=CHORD)
    callback = member("callback", "WAITING", 123, workflow_id=CHORD, wait_count=3)
    member("after", "WAITING", 124, workflow_id=CHORD, parent_id=callback, wait_count=1)
    cursor.execute(
        "insert into workflow_runs values (%s, 3, 0, 0, %s, 'RUNNING', now(), now())",
        [CHORD, callback],
    )
    member("half 0", "SUCCESSFUL", 130, workflow_id=HALF_DONE, return_json=1)
    member("half 1", "RUNNING", 131, workflow_id=HALF_DONE)
    # Its members share a hash: nothing but the workflow tells them apart.
    member("half 2", "WAITING", 131, workflow_id=HALF_DONE, wait_count=2)

    member("bad 0", "FAILED", 140, workflow_id=FAILED_CHORD)
    member("bad 1", "SUCCESSFUL", 141, workflow_id=FAILED_CHORD)
    callback = member("bad callback", "WAITING", 142, wait_count=2)
    cursor.execute(
        "insert into workflow_runs values (%s, 2, 1, 1, %s, 'FAILED', now(), now())",
        [FAILED_CHORD, callback],
    )
    return runs.ids
