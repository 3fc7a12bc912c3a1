"""examples/docker, as far as it can be told without a container engine."""

import re
import tomllib
from pathlib import Path

import click
import yaml

from reproq_worker.cli import main

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "examples" / "docker"


def test_what_is_copied_is_there_and_all_that_the_build_needs():
    text = (FOLDER / "Dockerfile").read_text()
    sources = [
        name for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for name in line.split()
    ]
    assert all((ROOT / name).exists() for name in sources)
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    wheel = wheel["targets"]["wheel"]
    assert {*wheel["only-include"], *wheel["force-include"]} <= set(sources)


def test_its_commands_and_options_exist():
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    assert list(compose["services"]) == ["postgres", "migrate", "worker", "web"]
    words = re.search(r"^CMD \[(.*)\]$", (FOLDER / "Dockerfile").read_text(), re.MULTILINE)[1]
    command = re.findall(r'"([^"]+)"', words)
    assert command[:4] == ["python", "manage.py", "reproq", "worker"]
    worker = main.get_command(click.Context(main), "worker")
    worker.make_context("worker", command[4:])
    for name in ("migrate", "web"):
        script = compose["services"][name]["command"][1]
        assert (ROOT / "examples" / "census" / script).exists()
    grace = compose["services"]["worker"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > 30
