"""The monitor's server: what it answers, and that nobody can hold it up."""

import contextlib
import json
import socket
import ssl
import time

import pytest
import trustme

from reproq_worker.errors import ConfigError
from reproq_worker.monitor import protocol
from reproq_worker.monitor.config import MonitorConfig
from tests.monitor.conftest import ended, held, told
from tests.worker.process import until

NEWEST = pytest.mark.parametrize("server", ["pg18"], indirect=True)
COMPLETE = b'{"outcome":"complete","return_json":1}'


def failure(kind: str, message: str = "canary-5") -> bytes:
    error = {"kind": kind, "exception_class": "a.B", "message": message, "traceback": "canary-6"}
    return json.dumps({"outcome": "fail", "error": error, "retry": True}).encode()


@NEWEST
def test_health_of_worker_and_database_apart(serve, dsn):
    good, cut_off = serve(dsn), serve()
    assert good.get("/healthz")[0] == 200
    assert good.get("/healthz", method="HEAD") == (200, "")
    assert json.loads(good.get("/healthz/ready")[1])["status"] == "ok"
    assert cut_off.get("/healthz")[0] == 503
    assert cut_off.get("/healthz/live")[0] == 200

    good.monitor.draining()
    assert [good.get(f"/healthz{path}")[0] for path in ("", "/live")] == [503, 200]
    good.monitor._beat_at -= 60
    assert good.get("/healthz/live")[0] == 503


def test_faults_are_json_and_never_500(serve):
    it = serve()
    for path, method, answer in [
        ("/nowhere", "GET", 404),
        ("/metrics/", "GET", 404),
        ("/metrics", "POST", 405),
        ("/healthz", "DELETE", 405),
        ("/events", "PUT", 405),
        ("/events?task_id=x", "GET", 400),
        ("/events?task_id=-1", "GET", 400),
        ("/events?task_id=9223372036854775808", "GET", 400),
        ("/events?task_id=%D9%A1", "GET", 400),
    ]:
        status, body = it.get(path, method=method)
        assert status == answer, path
        assert set(json.loads(body)) == {"error"}
    assert it.get("/events", method="HEAD") == (200, "")


def test_a_token_is_asked_for_everywhere_and_refusals_are_logged(serve, caplog, monkeypatch):
    monkeypatch.setattr("reproq_worker.logs.log.propagate", True)
    it = serve(auth_token="canary-4", auth_limit=2)
    assert [it.get(path)[0] for path in ("/metrics", "/nowhere")] == [401, 401]
    assert it.get("/healthz", "canary-4")[0] == 429
    last = [record for record in caplog.records if record.msg == "request refused"][-1]
    assert (last.path, last.method, last.remote_addr) == ("/healthz", "GET", "127.0.0.1")
    assert (last.reason, last.rate_limited) == ("rate limited", True)
    assert "canary-4" not in caplog.text


@NEWEST
def test_metrics_are_true(serve, dsn, conn):
    it = serve(dsn)
    for number, raw in enumerate([COMPLETE, COMPLETE, failure("app_error")]):
        run = held(number, "mail")
        it.monitor.left(run, 0.25)
        it.monitor.traded(ended(run, raw, "SUCCESSFUL"), 0.1)
    conn.execute("select reproq_enqueue('a.b'), reproq_pause_queue('other')")

    def value(name: str) -> float:
        lines = it.get("/metrics")[1].splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))

    processed = 'reproq_tasks_processed_total{queue="mail",status="%s"}'
    assert [value(processed % status) for status in ("success", "failure")] == [2, 1]
    assert value('reproq_exec_duration_seconds_sum{queue="mail"}') == 0.75
    until(lambda: value("reproq_queue_depth") == 1, 8)
    assert value("reproq_queues_paused") == 1
    assert value("reproq_worker_mem_usage_bytes") > 1e6
    assert value("reproq_db_pool_connections_in_use") <= 1
    assert "python_info" in it.get("/metrics")[1]


def test_events_of_the_past_and_the_present_filtered(serve):
    it = serve()
    for number in range(250):
        it.monitor.started(held(number, "mail" if number % 2 else "default"))
    stream, mail, one = it.listen(), it.listen("?queue=mail"), it.listen("?task_id=249")
    assert [event["task_id"] for event in told(stream, 200)] == list(range(50, 250))
    assert {event["queue"] for event in told(mail, 100)} == {"mail"}
    assert told(one, 1)[0]["type"] == "task_started"

    it.monitor.traded(ended(held(249, "mail"), failure("app_error"), "FAILED"), 0.1)
    for listener in (stream, mail, one):
        [event] = told(listener, 1)
        assert (event["type"], event["level"], event["worker_id"]) == (
            *("task_failed", "error"),
            "w-1",
        )
        assert "canary" not in json.dumps(event)


@pytest.mark.parametrize(
    ("raw", "status", "level", "name"),
    [
        (COMPLETE, "SUCCESSFUL", "info", "task_success"),
        (failure("app_error"), "SCHEDULED", "warn", "task_retry"),
        (failure("app_error"), "FAILED", "error", "task_failed"),
        (failure("security_violation"), "FAILED", "warn", "task_rejected"),
        (failure("cancelled"), "CANCELLED", "warn", "task_cancelled"),
        (failure("invalid_spec"), "FAILED", "error", "task_invalid"),
        (failure("infra_error"), "SCHEDULED", "error", "task_infra_error"),
    ],
)
def test_what_became_of_a_run_has_a_name(serve, raw, status, level, name):
    it = serve()
    next_run = "2026-11-25T01:23:30.000000Z" if status == "SCHEDULED" else None
    it.monitor.traded(ended(held(1), raw, status, next_run), 0.1)
    [event] = told(it.listen(), 1)
    assert (event["level"], event["type"]) == (level, name)
    assert event["metadata"].get("next_run") == next_run
    assert {"task_path", "attempt", "max_attempts", "role"} <= set(event["metadata"])


def test_a_reader_that_never_reads_is_dropped_and_holds_up_nobody(serve, monkeypatch):
    monkeypatch.setattr(protocol, "_WRITE_SECONDS", 0.3)
    it = serve()
    deaf = socket.create_connection(("127.0.0.1", it.port))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    until(lambda: it.monitor._hub._subscribers)
    began = time.monotonic()
    while it.monitor._hub._subscribers and time.monotonic() < began + 10:
        for number in range(200):
            it.monitor.started(held(number, "q" * 500))
        time.sleep(0.01)
    assert not it.monitor._hub._subscribers
    assert it.get("/healthz/live")[0] == 200
    deaf.close()


def test_slow_and_huge_heads_are_not_waited_for(serve, monkeypatch):
    monkeypatch.setattr(protocol, "_HEADER_SECONDS", 0.3)
    it = serve()
    slow = socket.create_connection(("127.0.0.1", it.port), timeout=3)
    slow.sendall(b"GET /healthz/live HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}"):
        answer += slow.recv(4096)
    slow.sendall(b"GET /healthz/live HTTP/1.1\r\nX:")  # the second request never ends
    with contextlib.suppress(ConnectionResetError):
        assert slow.recv(4096) == b""
    huge = socket.create_connection(("127.0.0.1", it.port), timeout=3)
    huge.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000)
    assert b" 431 " in huge.recv(4096)
    bad = socket.create_connection(("127.0.0.1", it.port), timeout=3)
    bad.sendall(b"no http at all\r\n\r\n")
    assert b" 400 " in bad.recv(4096)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.filterwarnings("ignore:ssl.OP_NO:DeprecationWarning")
def test_tls_and_client_certificates(serve, authority, tmp_path):
    certificate = authority.issue_cert("127.0.0.1")
    for name, pems in [
        ("cert", certificate.cert_chain_pems),
        ("key", [certificate.private_key_pem]),
    ]:
        (tmp_path / name).write_bytes(b"".join(pem.bytes() for pem in pems))
    authority.cert_pem.write_to_path(tmp_path / "ca")
    files = {"tls_cert": str(tmp_path / "cert"), "tls_key": str(tmp_path / "key")}
    plain, mutual = serve(**files), serve(**files, tls_client_ca=str(tmp_path / "ca"))

    def context() -> ssl.SSLContext:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        return context

    assert plain.get("/healthz/live", context=context())[0] == 200
    with pytest.raises(OSError):
        mutual.get("/healthz/live", context=context())
    known = context()
    authority.issue_cert("client.example").configure_cert(known)
    assert mutual.get("/healthz/live", context=known)[0] == 200
    old = context()
    old.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
    with pytest.raises(OSError):
        plain.get("/healthz/live", context=old)


def test_a_port_in_use_and_a_bad_certificate_are_told_before_anything_starts(serve, tmp_path):
    with pytest.raises(ConfigError, match="cannot listen"):
        serve(addr=f"127.0.0.1:{serve().port}")
    with pytest.raises(ConfigError, match="TLS cannot be used"):
        serve(tls_cert=str(tmp_path / "none"), tls_key=str(tmp_path / "none"))


@pytest.mark.parametrize("addr", [":9", "0.0.0.0:9", "10.0.0.1:9", "[::]:9", "some.host:9"])
def test_a_public_address_needs_protection(addr):
    with pytest.raises(ConfigError, match="is public"):
        MonitorConfig(addr=addr)
    MonitorConfig(addr=addr, auth_token="x")
    MonitorConfig(addr=addr, allow_cidrs=("10.0.0.0/8",))
