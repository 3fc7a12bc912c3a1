"""A worker as its operator and systemd see it, and what nobody may see."""

import json
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from datetime import UTC
from pathlib import Path

import pytest

from tests.harness.machine import NEWEST as NAME
from tests.worker.process import until

NEWEST = pytest.mark.parametrize("server", [NAME], indirect=True)
pytestmark = NEWEST


def port_of(worker) -> int:
    return int(until(lambda: re.search(r"monitor on http://127.0.0.1:(\d+)", worker.log))[1])


def get(port: int, path: str, token: str = "") -> str:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.read().decode()


def values(text: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def test_metrics_of_real_work(start, queue):
    good, bad, later = queue.enqueue("noop"), queue.enqueue("fail", max_attempts=1), "1 hour"
    queue.enqueue("noop", run_in=later)
    worker = start("--metrics-addr", "127.0.0.1:0").ready()
    port = port_of(worker)
    for run in (good, bad):
        queue.ended(run)

    def metrics():
        return values(get(port, "/metrics"))

    counted = until(lambda: (m := metrics()).get("reproq_workers") == 1 and m, 8)
    of_default = '{queue="default"}'
    assert counted[f"reproq_tasks_claimed_total{of_default}"] == 2
    for status in ("success", "failure"):
        assert counted[f'reproq_tasks_processed_total{{queue="default",status="{status}"}}'] == 1
        assert counted[f'reproq_tasks_completed_total{{queue="default",status="{status}"}}'] == 1
    for name in ("exec_duration", "queue_wait_duration"):
        assert counted[f"reproq_{name}_seconds_count{of_default}"] == 2
    for operation in ("claim", "reclaim", "complete_success", "complete_failure"):
        name = f'reproq_db_operation_duration_seconds_count{{operation="{operation}"}}'
        assert counted[name] > 0, operation
    assert counted["reproq_concurrency_limit"] == 2
    assert counted["reproq_queue_depth"] == 0


def test_low_memory_mode_shows_nothing(start):
    worker = start("--metrics-addr", "127.0.0.1:0", LOW_MEMORY_MODE="1").ready()
    assert "LOW_MEMORY_MODE" in worker.log
    assert "monitor on" not in worker.log


def test_memory_is_logged_with_the_role(start):
    flags = ["--log-format", "json", "--memory-log-interval", "100ms"]
    worker = start(*flags, REPROQ_PROCESS_ROLE="mailer").ready()
    line = until(lambda: [x for x in worker.log.splitlines() if "reproq memory usage" in x])[0]
    entry = json.loads(line)
    assert entry["role"] == "mailer"
    assert 1e6 < entry["rss_bytes"] <= entry["ru_maxrss_bytes"] * 1.1


def test_systemd_hears_when_it_works_lives_and_leaves(start, tmp_path):
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(10)
    worker = start(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="10000000")
    heard = {manager.recv(100)}
    while {b"READY=1", b"WATCHDOG=1"} - heard:
        heard.add(manager.recv(100))
    # A service that said it was stopping would be killed after a while.
    worker.signal(signal.SIGHUP)
    heard = [manager.recv(100)]
    while heard[-1] != b"READY=1":
        heard.append(manager.recv(100))
    assert any(said.startswith(b"RELOADING=1") for said in heard)
    assert b"STOPPING=1" not in heard
    worker.signal(signal.SIGTERM)
    while manager.recv(100) != b"STOPPING=1":
        pass
    assert worker.leave() == 0
    manager.close()


def test_a_queue_that_ages_otherwise_is_worth_a_warning(start, conn):
    conn.execute("select reproq_set_aging('default', '10 seconds')")
    worker = start(PRIORITY_AGING_FACTOR="60").ready()
    assert "queue default ages by 10 s" in worker.log
    assert "ages by" not in start("--priority-aging-factor", "10").ready().log


def test_no_secret_and_no_payload_is_seen_anywhere(start, queue, dsn, tmp_path):
    """I50: canaries in the DSN, the token, the arguments, the result and the error."""
    secret = "canary-of-the-dsn"
    token = "canary-of-the-token"
    on = dsn.replace("postgres@", f"postgres:{secret}@")
    assert secret in on
    runs = [
        queue.enqueue("echo", "canary-of-the-arguments"),
        queue.enqueue("fail", "canary-of-the-message", max_attempts=1),
    ]
    dying = queue.enqueue("kill_self", max_attempts=2)
    slow = queue.enqueue("sleep", 30)
    flags = ["--metrics-addr", "127.0.0.1:0", "--log-format", "json"]
    worker = start(*flags, on=on, METRICS_AUTH_TOKEN=token).ready()
    port = port_of(worker)
    for run in runs:
        queue.ended(run)
    until(lambda: queue.status(dying) == "SCHEDULED")
    queue.running(slow)
    with pytest.raises(urllib.error.HTTPError):
        get(port, "/metrics", "canary-of-a-guess")

    seen = [worker.log, get(port, "/metrics", token), get(port, "/healthz", token)]
    seen.append(events_so_far(port, token))
    assert '"task_infra_error"' in seen[-1]
    next_run = queue.run(dying)["run_after"].astimezone(UTC)
    assert f'"next_run":"{next_run:%Y-%m-%dT%H:%M:%S.%fZ}"' in seen[-1]
    processes = [worker.pid, *worker.descendants()]
    assert len(processes) > 2
    for pid in processes:
        seen.append(Path(f"/proc/{pid}/cmdline").read_text())
    for pid in processes[1:]:
        seen.append(Path(f"/proc/{pid}/environ").read_text())
    found = [re.search(r"canary[\w-]*", text) for text in seen]
    assert [match[0] for match in found if match] == []
    status = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True).stdout
    assert "canary-of" not in status


def events_so_far(port: int, token: str) -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/events", headers={"Authorization": f"Bearer {token}"}
    )
    text = ""
    with urllib.request.urlopen(request, timeout=5) as stream:
        while "task_infra_error" not in text:
            text += stream.readline().decode()
    return text
