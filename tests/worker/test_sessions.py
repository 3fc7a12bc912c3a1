"""The worker's own connections, where each leads to the server itself."""

import asyncio

import psycopg
import pytest

from reproq_worker.supervisor.database import OutageLog, Session

pytestmark = pytest.mark.parametrize("server", ["pg18"], indirect=True)


def in_session(dsn, work):
    async def run():
        session = Session(dsn, "reproq worker of a test", OutageLog())
        try:
            return await work(session)
        finally:
            await session.close()

    return asyncio.run(run())


def test_what_is_sent_together_is_one_transaction(conn, dsn):
    later = ("select %s::integer + 5", [1])  # prepared when it is said a second time

    async def work(session):
        await session.query(*later)
        try:
            await session.execute(
                ("insert into reproq_queue_controls (queue_name) values (%s)", ["mail"]),
                ("select 1 / %s", [0]),
                later,
            )
        except psycopg.errors.DivisionByZero as error:
            await session.recover(error)
        [(rows,)] = await session.query("select count(*) from reproq_queue_controls")
        # What was never prepared, behind the one that failed, is not taken for prepared.
        [(six,)] = await session.query(*later)
        return rows, six, session.connects

    assert in_session(dsn, work) == (0, 6, 1)


def test_it_is_bounded_whatever_the_database_has_as_its_defaults(conn, dsn):
    conn.execute(
        """
        do $$ begin
            execute format(
                'alter database %I set default_transaction_isolation = serializable',
                current_database()
            );
        end $$
        """
    )

    async def work(session):
        names = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]
        query = "select current_setting(n) from unnest(%s::text[]) n"
        bounds = await session.query(query, [[*names, "transaction_isolation"]])
        return [value for (value,) in bounds]

    assert in_session(dsn, work) == ["30s", "5s", "30s", "read committed"]
