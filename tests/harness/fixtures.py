"""Fixtures for every test. See tests/README.md for a line on each."""

import re
from collections.abc import Callable, Iterator
from types import ModuleType

import psycopg
import pytest

from tests.harness.clock import Clock
from tests.harness.machine import NEWEST, OLDER, available, in_ci, missing
from tests.harness.servers import Server, Servers

SERVERS = pytest.StashKey[Servers]()
#: What hardly depends on the server's version. On the older one it is slow, so to say, and what is
#: slow anyway is left out there.
NEWEST_FIRST = ("cli", "isolation", "monitor", "races", "schedules", "worker")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("reproq")
    group.addoption("--slow", action="store_true", help="run the tests marked slow, too")
    group.addoption(
        "--server", choices=[NEWEST, OLDER], help="run what runs on every Postgres on this one only"
    )


def pytest_configure(config: pytest.Config) -> None:
    gaps = missing()
    if gaps and in_ci():
        raise pytest.UsageError("CI leaves nothing out, but this machine lacks: " + "; ".join(gaps))
    config.stash[SERVERS] = Servers()


def pytest_unconfigure(config: pytest.Config) -> None:
    if SERVERS in config.stash:
        config.stash[SERVERS].close()


def pytest_report_header(config: pytest.Config) -> list[str]:
    import django

    gaps = missing()
    lines = [f"django: {django.get_version()}, postgres: {', '.join(server_names(config))}"]
    return lines + ([f"LEFT OUT, not on this machine: {'; '.join(gaps)}"] if gaps else [])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    if wants_all(config):
        if config.getoption("--server") is None:
            deselect(config, items, is_slow_on_the_older)
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    # A test that was named on the command line is meant, slow or not.
    if slow and len(slow) < len(items):
        deselect(config, items, lambda item: item.get_closest_marker("slow") is not None)


def is_slow_on_the_older(item: pytest.Item) -> bool:
    """Whether the newest server does in its place, unless the test has chosen its servers."""
    return (
        item.get_closest_marker("slow") is not None
        and isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and item.callspec.params.get("server") == OLDER
        and hardly_depends_on_the_server(item.module)
        and not chooses_servers(item)
    )


def deselect(
    config: pytest.Config, items: list[pytest.Item], condition: Callable[[pytest.Item], bool]
) -> None:
    """Leave out those for which the condition holds."""
    left_out = [item for item in items if condition(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Iterator[object]:
    """A report may quote text that no encoding takes; pytest-xdist would end the run."""
    return printable((yield))


def printable(value: object) -> object:
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {printable(key): printable(entry) for key, entry in value.items()}
        case list() | tuple():
            return type(value)(printable(entry) for entry in value)
    return value


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that uses `server`, itself or through another fixture, runs on each server."""
    if "server" in metafunc.fixturenames and not chooses_servers(metafunc.definition):
        names = server_names(metafunc.config)
        if hardly_depends_on_the_server(metafunc.module) and not wants_all(metafunc.config):
            names = names[:1]
        metafunc.parametrize("server", names, indirect=True, scope="session")


def chooses_servers(item: pytest.Item) -> bool:
    """Whether the test itself says on which servers it runs."""
    return any(
        "server" in re.findall(r"\w+", str(mark.args[0]))
        for mark in item.iter_markers("parametrize")
    )


def hardly_depends_on_the_server(module: ModuleType) -> bool:
    """Whether a server's version makes little difference to the tests of a module."""
    return module.__name__.split(".")[1] in NEWEST_FIRST


def wants_all(config: pytest.Config) -> bool:
    """Whether the slow tests run, too."""
    return config.getoption("--slow") or in_ci()


def server_names(config: pytest.Config) -> list[str]:
    only = config.getoption("--server")
    return [name for name in available() if only in (None, name)]


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Servers:
    """All servers of this session by name: `servers["pg18"]`."""
    return pytestconfig.stash[SERVERS]


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest, servers: Servers) -> Server:
    """A running server; the test runs once on each, unless it parametrizes `server` itself."""
    if request.param not in available():
        pytest.skip(f"{request.param} is not on this machine")
    return servers[request.param]


@pytest.fixture
def database(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a new database with Reproq; at the end no invariant may be violated."""
    name = server.new_database()
    yield name
    try:
        if not request.node.get_closest_marker("breaks_invariants"):
            assert violations(server.dsn(name)) == []
    finally:
        server.dropdb(name)


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """The name of a new database without Reproq."""
    name = server.new_database(empty=True)
    yield name
    server.dropdb(name)


@pytest.fixture
def dsn(server: Server, database: str) -> str:
    """The URL of the test's database."""
    return server.dsn(database)


@pytest.fixture
def empty_dsn(server: Server, empty_database: str) -> str:
    """The URL of a database without Reproq."""
    return server.dsn(empty_database)


@pytest.fixture
def make_conn(dsn: str) -> Iterator[Callable[..., psycopg.Connection]]:
    """Opens connections to the test's database, autocommit by default, and closes them."""
    opened = []

    def connect(**options: object) -> psycopg.Connection:
        opened.append(psycopg.connect(dsn, **{"autocommit": True, **options}))
        return opened[-1]

    yield connect
    for conn in opened:
        conn.close()


@pytest.fixture
def conn(make_conn: Callable[..., psycopg.Connection]) -> psycopg.Connection:
    """A connection to the test's database, autocommit."""
    return make_conn()


@pytest.fixture
def clock(dsn: str) -> Iterator[Clock]:
    """Stops the clock of the test's database; the test moves it."""
    clock = Clock(dsn)
    yield clock
    clock.close()


def violations(dsn: str) -> list[tuple]:
    """What `reproq_violations()` reports; nothing where Reproq is not (or no longer) installed."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        if conn.execute("select to_regproc('reproq_violations')").fetchone() == (None,):
            return []
        return conn.execute("select * from reproq_violations()").fetchall()
