"""What a web process says about its memory."""

import queue

import pytest

from reproq_django import memory_log

pytestmark = pytest.mark.django


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60s", 60), ("2m", 120), ("1h", 3600), ("45", 45)]
    + [(text, 0) for text in ("", "0", "off", "false", "no", "soon")],
)
def test_the_interval_is_a_duration_or_off(monkeypatch, text, seconds):
    monkeypatch.setenv("REPROQ_MEMORY_LOG_INTERVAL", text)
    assert memory_log.interval() == seconds


def test_the_first_request_begins_it_once(monkeypatch, client):
    monkeypatch.setenv("REPROQ_MEMORY_LOG_INTERVAL", "1h")
    monkeypatch.setenv("REPROQ_PROCESS_ROLE", "web-1")
    monkeypatch.setattr(memory_log, "_started_in", None)
    lines: queue.SimpleQueue = queue.SimpleQueue()
    monkeypatch.setattr(memory_log.logger, "info", lambda *line: lines.put(line))
    for _ in range(2):
        client.get("/nowhere/")
    form, fields = lines.get(timeout=5)
    assert lines.empty()
    line = form % fields
    assert line.startswith("reproq_memory_usage role=web-1 pid=")
    assert all(f" {key}=" in line for key in ("rss_bytes", "ru_maxrss_bytes", "threads"))
    assert line.endswith("interval_s=3600")
