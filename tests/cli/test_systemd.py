"""`reproq systemd`: units that systemd takes, with every flag that was given."""

import shutil
import subprocess
import sys

import pytest

FLAGS = {
    "--concurrency": "7",
    "--queues": "mail,default",
    "--allowed-task-modules": "shop.tasks",
    "--metrics-addr": "127.0.0.1:9090",
    "--metrics-tls-cert": "/etc/shop/cert.pem",
    "--metrics-tls-key": "/etc/shop/key.pem",
    "--metrics-tls-client-ca": "/etc/shop/ca.pem",
    "--metrics-auth-limit": "5",
    "--metrics-auth-window": "120",
    "--metrics-auth-max-entries": "9",
}
WORDS = [word for pair in FLAGS.items() for word in pair]


@pytest.fixture
def written(reproq, tmp_path, monkeypatch):
    """The files that the command writes, by what stands before the project's name."""
    folder = tmp_path / "shop 100%"
    folder.mkdir()
    (folder / "shop.env").touch()

    def written(*flags):
        monkeypatch.chdir(folder)
        result = reproq("systemd", *flags)
        assert result.exit_code == 0, result.output
        return {path.name.split("-shop")[0] + path.suffix: path for path in folder.glob("reproq-*")}

    return written


def test_every_flag_is_in_the_unit_and_secrets_are_not_in_its_command(written):
    units = written(
        *WORDS,
        *("--metrics-auth-token", "canary-7", "--metrics-allow-cidrs", "localhost,10.0.0.0/8"),
        *("--user", "shop", "--group", "web", "--env-file", "shop.env"),
    )
    assert set(units) == {"reproq-worker.service", "reproq-beat.service"}
    worker = units["reproq-worker.service"].read_text()
    [start] = [line for line in worker.splitlines() if line.startswith("ExecStart=")]
    assert start.startswith(f"ExecStart={sys.executable} -m reproq_worker worker ")
    assert all(f"{flag} {value}" in start for flag, value in FLAGS.items())
    assert "canary-7" not in start
    assert {
        *("Environment=METRICS_AUTH_TOKEN=canary-7", "User=shop", "Group=web"),
        *("Environment=METRICS_ALLOW_CIDRS=localhost,10.0.0.0/8", "Restart=always"),
        *("Type=notify", "WatchdogSec=30", "WantedBy=multi-user.target"),
    } <= set(worker.splitlines())
    assert units["reproq-worker.service"].stat().st_mode & 0o777 == 0o600
    beat = units["reproq-beat.service"].read_text()
    assert "canary-7" not in beat
    assert "= beat" in beat


def test_a_timer_in_place_of_a_beat(written):
    units = written("--schedule", "--schedule-on-calendar", "*:0/5")
    assert "= cron" in units["reproq-schedule.service"].read_text()
    timer = units["reproq-schedule.timer"].read_text().splitlines()
    assert {"OnCalendar=*:0/5", "Persistent=true", "WantedBy=timers.target"} <= set(timer)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_has_nothing_to_complain_of(written):
    odd = 'a "quoted" $HOME %h \\ one'
    units = written(*WORDS, "--worker-id", odd, "--env-file", "shop.env", "--schedule")
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, units.values())], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_worker_would_refuse_is_refused_at_once(reproq):
    assert reproq("systemd", "--concurrency", "0").exit_code == 2
    assert reproq("systemd", "--worker-id", "a\nExecStartPre=/bin/evil").exit_code == 2
