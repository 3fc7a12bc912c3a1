"""A dump that leaves the line out, as one of a standby should, still makes a working queue."""

import os
import subprocess

import psycopg

from reproq_worker.install import install, plan


def tool(server, name, *arguments):
    """Run one of the server's programs; a restore goes on after what it cannot make."""
    return subprocess.run(
        [server.bin_dir / name, "-h", server.host, "-p", str(server.port), "-U", server.user]
        + [str(argument) for argument in arguments],
        env=os.environ,
        capture_output=True,
        text=True,
    )


def test_the_installer_makes_the_line_anew_and_gives_runs_their_tickets(
    server, conn, database, empty_database, tmp_path
):
    ready = conn.execute("select reproq_enqueue('a.b')").fetchone()[0]
    conn.execute("select reproq_enqueue('a.c', run_in => '1 hour')")
    file = tmp_path / "dump.sql"
    dump = tool(server, "pg_dump", "-d", database, "-f", file, "--exclude-table=reproq_ready*")
    assert dump.returncode == 0, dump.stderr
    tool(server, "psql", "-qX", "-d", empty_database, "-f", file)

    with psycopg.connect(server.dsn(empty_database)) as restored:
        cursor = restored.cursor()
        assert "apply the migration 0002_line" in plan(cursor)
        install(cursor)
        assert install(cursor) == []
        assert cursor.execute("select * from reproq_violations()").fetchall() == []
        claimed = cursor.execute(
            "select result_id from reproq_claim('w', max_tasks => 5)"
        ).fetchall()
        assert claimed == [(ready,)]
