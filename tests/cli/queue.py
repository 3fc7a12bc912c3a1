"""Runs for the commands to act on."""


def enqueue(conn, path="shop.tasks.charge", **options) -> int:
    params = "".join(f", {name} => %({name})s" for name in options)
    statement = f"select reproq_enqueue('{path}'{params})"
    return conn.execute(statement, options).fetchone()[0]


def fail(conn, queue="default") -> int:
    """A run that failed for good."""
    run_id = enqueue(conn, f"shop.tasks.{queue}", queue=queue, max_attempts=1)
    [lease] = conn.execute("select lease_no from reproq_claim('w', array[%s])", [queue]).fetchone()
    error = '{"kind": "app_error", "message": "no paper\\n\\u001b[31m"}'
    conn.execute("select reproq_fail(%s, %s, %s)", [run_id, lease, error])
    return run_id


def status(conn, run_id: int) -> str:
    return conn.execute("select status from task_runs where result_id = %s", [run_id]).fetchone()[0]
