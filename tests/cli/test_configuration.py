"""Settings from files, environment and flags: which wins, what is refused, what is shown."""

import json
import tomllib
from pathlib import Path

import pytest
import yaml

from reproq_worker.cli.configuration import known_keys
from reproq_worker.config_file import NAMES

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = [ROOT / "reproq.example.toml", ROOT / "reproq.example.yaml"]
CANARY = "canary-9f3"


def shown(result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(reproq, tmp_path):
    def concurrency_and_origin(*flags, **environment):
        output = reproq("config", "--explain", *flags, env=environment).output
        [line] = [x for x in output.splitlines() if x.startswith("worker.queues: ")]
        return line.removeprefix("worker.queues: ")

    assert concurrency_and_origin() == '["default"] (default)'
    (tmp_path / "reproq.toml").write_text('[worker]\nqueues = ["f"]\n')
    assert concurrency_and_origin() == '["f"] (file reproq.toml: worker.queues)'
    assert concurrency_and_origin(QUEUE_NAMES="e") == '["e"] (environment QUEUE_NAMES)'
    assert concurrency_and_origin("--queues", "a,b", QUEUE_NAMES="e") == (
        '["a", "b"] (flag --queues)'
    )


def test_every_setting_hears_its_name_in_the_environment(reproq):
    heard = {
        "DATABASE_URL": ("postgresql://h/d", "worker.dsn"),
        "WORKER_ID": ("me", "worker.worker_id"),
        "REPROQ_PROCESS_ROLE": ("mailer", "worker.process_role"),
        "REPROQ_LOGS_DIR": ("/l", "worker.logs_dir"),
        "PRIORITY_AGING_FACTOR": ("7", "worker.priority_aging_factor"),
        "METRICS_ADDR": ("127.0.0.1:9", "metrics.addr"),
        "METRICS_AUTH_TOKEN": ("t", "metrics.auth_token"),
        "METRICS_ALLOW_CIDRS": ("10.0.0.0/8", "metrics.allow_cidrs"),
        # Names of before.
        "QUEUE_NAME": ("old", "worker.queues"),
        "POLL_INTERVAL": ("2s", "worker.poll_max_backoff"),
    }
    environment = {name: value for name, (value, _) in heard.items()}
    lines = reproq("config", "--explain", env=environment).output.splitlines()
    for name, (_, key) in heard.items():
        [line] = [line for line in lines if line.startswith(f"{key}: ")]
        assert line.endswith(f" (environment {name})")


def test_files_are_found_in_order_unless_one_is_named(reproq, tmp_path):
    for name in reversed(NAMES):
        text = (
            "[worker]\nworker_id = '{}'" if name.endswith("toml") else "worker: {{worker_id: {}}}"
        )
        (tmp_path / name).write_text(text.format(name))
        assert shown(reproq("config", "--print"))["worker"]["worker_id"] == name
    other = tmp_path / "other.yml"
    other.write_text("worker: {worker_id: other}")
    for how in ({"env": {"REPROQ_CONFIG": str(other)}}, {"args": ["--config", other]}):
        result = reproq("config", "--print", *how.get("args", []), env=how.get("env"))
        assert shown(result)["worker"]["worker_id"] == "other"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nix: 1", "unknown key nix"),
        ("worker: {concurency: 1}", "did you mean worker.concurrency?"),
        ("worker: {concurrency: '10'}", "worker.concurrency must be a whole number, not a str"),
        ("worker: {concurrency: 1.5}", "worker.concurrency must be a whole number"),
        ("worker: {concurrency: true}", "worker.concurrency must be a whole number"),
        ("worker: {worker_id: 5}", "worker.worker_id must be a text"),
        ("worker: {queues: [1]}", "worker.queues must be a list of texts"),
        ("worker: {poll_min_backoff: soon}", "worker.poll_min_backoff: not a duration"),
        ("worker: {isolation: hope}", "worker.isolation: 'hope' is not one of"),
        ("worker: {concurrency: {a: 1}}", "unknown key worker.concurrency.a"),
        ("worker: 5", "unknown key worker"),
        ("- a", "must hold keys and values"),
        (f"dsn: {CANARY}\n  b: [", "is not YAML (line 2"),
    ],
)
def test_a_mistake_in_a_file_names_file_and_key_and_ends_with_2(reproq, tmp_path, text, words):
    (tmp_path / "reproq.yaml").write_text(text)
    result = reproq("worker", "--dsn", "dbname=x")
    assert result.exit_code == 2
    assert "reproq.yaml" in result.output
    assert words in result.output
    assert CANARY not in result.output


@pytest.mark.parametrize(
    ("name", "words"),
    [("none.yaml", "cannot be read"), ("a.json", "unsupported config extension")],
)
def test_a_file_that_cannot_be_used_ends_with_2(reproq, tmp_path, name, words):
    (tmp_path / "a.json").write_text("{}")
    result = reproq("stats", "--config", name)
    assert (result.exit_code, words in result.output) == (2, True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"auth_window": "0s"}, "metrics.auth_window must be more than 0"),
        ({"auth_limit": 0}, "metrics.auth_limit must be more than 0"),
        ({"tls_cert": "x"}, "metrics TLS requires both cert and key"),
        ({"tls_client_ca": "x"}, "metrics.tls_client_ca requires"),
        ({"allow_cidrs": ["10.0.0.0/99"]}, "invalid metrics allowlist"),
        ({"addr": "9090"}, "metrics.addr must be host:port"),
        ({"addr": ":9090"}, "is public"),
        # Of one that is not even wanted, too.
        ({"addr": "", "auth_window": "0s"}, "metrics.auth_window must be more than 0"),
    ],
)
def test_a_monitor_that_cannot_or_must_not_be_is_refused(reproq, tmp_path, settings, words):
    given = {"metrics": {"addr": "127.0.0.1:9090"} | settings}
    (tmp_path / "reproq.yaml").write_text(yaml.dump(given))
    result = reproq("worker", "--dsn", "dbname=x")
    assert (result.exit_code, words in result.output) == (2, True), result.output


def test_a_dsn_of_a_section_wins_over_the_common_one(reproq, tmp_path):
    (tmp_path / "reproq.toml").write_text('dsn = "dbname=all"\n[beat]\ndsn = "dbname=own"\n')
    values = shown(reproq("config", "--print"))
    assert (values["worker"]["dsn"], values["beat"]["dsn"]) == ("dbname=all", "dbname=own")


def test_the_dsn_of_a_file_serves_every_command(reproq, tmp_path, dsn):
    (tmp_path / "reproq.yaml").write_text(yaml.dump({"dsn": dsn}))
    assert reproq("stats", "--json").exit_code == 0


def test_secrets_are_masked(reproq, tmp_path):
    (tmp_path / "reproq.toml").write_text(
        f'dsn = "postgresql://u:{CANARY}@h/d"\n'
        f'[worker]\nlisten_dsn = "password={CANARY} host=h"\n'
        f'[metrics]\naddr = ":1"\nauth_token = "{CANARY}"\n'
    )
    result = reproq("config", "--explain")
    assert result.exit_code == 0
    assert CANARY not in result.output
    assert "<redacted>" in result.output


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.suffix)
def test_the_examples_hold_every_setting_with_its_default(reproq, example):
    text = example.read_text()
    mark = "= " if example.suffix == ".toml" else ": "
    mentioned = {
        word
        for line in text.splitlines()
        if mark in line
        for word in [line.lstrip("# ").split(mark)[0].rstrip(" :")]
    }
    wanted = {key.rpartition(".")[2] for key in known_keys()}
    wanted -= {"until_empty", "low_memory", "port", "listen_dsn"}
    assert wanted - mentioned == set()

    given = shown(reproq("config", "--print", "--config", example))
    default = shown(reproq("config", "--print"))
    for values in (given, default):
        values["worker"].pop("dsn")
        values["worker"].pop("worker_id")
    assert given["worker"] == default["worker"]


def test_the_examples_say_the_same():
    toml, yml = (path.read_text() for path in EXAMPLES)
    assert tomllib.loads(toml) == yaml.safe_load(yml)
