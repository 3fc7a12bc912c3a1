"""docs/benchmarks.md is made from the figures that are kept beside it, and says what they say."""

from benchmarks import page
from benchmarks.tables import number

ABOUT = {
    "date": "2030-01-02",
    "commit": "abc",
    "servers": ["PostgreSQL 18"],
    "system": "Linux",
    "cpus": 2,
    "memory_bytes": 8e9,
    "load": [0.1, 2.0],
}


def system(**about: object) -> dict[str, object]:
    usual = {
        "versions": {"x": "1.0"},
        "settings": "as it comes",
        "service": "postgres",
        "django": False,
        "ours": False,
        "tasks": 1000,
    }
    return usual | about


COMPARE = {
    "about": ABOUT,
    "sizes": {"scale": 1.0, "rounds": 2},
    "systems": {"reproq-thread": system(ours=True), "pgqueuer": system(), "awa-pg": system()},
    "left_out": {"celery": "redis-server is not on this machine"},
    "rounds": [
        {
            "reproq-thread": {"drain_1": 3000.0, "wal_enqueue": 1000, "wal_drain": 500},
            "pgqueuer": {"drain_1": 2000.0},
            "awa-pg": {"drain_1": 1000.0},
        },
        {
            "reproq-thread": {"drain_1": 2000.0, "wal_enqueue": 1000, "wal_drain": 500},
            "pgqueuer": {"drain_1": 2000.0},
            "awa-pg": {"error": "Traceback\nit broke"},
        },
    ],
}
FLAT = {
    "about": ABOUT,
    "sizes": {"rounds": 1},
    "costs": [
        {"name": "1,000 ready", "cpu_us": 50.0, "over_plain": 1.0, "buffers": 20.0},
        {"name": "1,000,000 ready", "cpu_us": 60.0, "over_plain": 1.2, "buffers": 21.0},
    ],
    "steady": {
        "most": 8000.0,
        "rate": 4000.0,
        "held_from": 60.0,
        "held_to": 180.0,
        "free": dict.fromkeys(page.STEADY_ROWS, 1.5),
        "held": dict.fromkeys(page.STEADY_ROWS, 2.5),
        "samples": [
            {"second": second, "backlog": 5, "pickup_p99": 4.0, "ticket_bytes": 1000}
            for second in (2, 4)
        ],
    },
}


def test_the_page_is_made_from_the_figures_beside_it():
    made = page.render(page.read("compare"), page.read("flat"))
    assert page.PAGE.read_text() == made, "write it anew: ./run bench --publish"


def test_the_page_says_what_the_figures_say():
    text = page.render(COMPARE, FLAT)
    assert (
        "| drain, 1 worker, `thread` | at least 1.3 × pgqueuer | 1.25 (1 to 1.5) | **no** |" in text
    )
    assert "| drain, 1 worker, `thread` | at least 2.5 × awa-pg | 3 | yes |" in text
    assert "at most 2,300 | 1,500 | yes |" in text
    assert "- celery: left out, redis-server is not on this machine" in text
    assert "- awa-pg: failed in round 2, it broke" in text
    assert "on 2 CPUs and 8 GB" in text
    assert "was busy" not in text
    assert "| 1,000,000 ready | 60 | 1.2 | 21 |" in text
    assert "| pickup p99, ms | 1.5 | 2.5 |" in text


def test_the_page_says_when_the_machine_was_busy():
    assert "was busy" in page.render(COMPARE | {"about": ABOUT | {"load": [4.0, 5.0]}}, None)


def test_reports_become_pictures(tmp_path):
    page.keep(COMPARE, "compare", publish=False, results=tmp_path)
    page.keep(FLAT, "flat", publish=False, results=tmp_path)
    drawn = {file.name: file.read_text() for file in tmp_path.glob("*.svg")}
    assert set(drawn) == {"drain.svg", "pickup.svg", "flat.svg", "steady.svg"}
    assert "pgqueuer" in drawn["drain.svg"]
    assert "1,000,000 ready" in drawn["flat.svg"]


def test_figures_keep_what_is_not_noise():
    assert [number(x) for x in (12_345.6, 123.4, 12.34, 1.234, 0.0344, 2.0, 10.0)] == [
        "12,346",
        "123",
        "12.3",
        "1.23",
        "0.034",
        "2",
        "10",
    ]
