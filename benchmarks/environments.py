"""Environments of their own for the peers, Redis, and other versions of this project."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.catalogue import Entry
from benchmarks.places import ROOT, STATE, say

PATIENCE = 300


class NotInstalled(Exception):
    """An environment or a service that this machine could not get; the message says why."""


def python_of(entry: Entry, ours: Path = Path(sys.executable)) -> Path:
    """The Python that drives a system; its environment is made where it is missing or outdated."""
    return ours if entry.ours else environment(entry.adapter, entry.requirements)


def environment(name: str, requirements: tuple[str, ...]) -> Path:
    """The Python of the environment `name`, made anew when the requirements have changed."""
    folder = STATE / "venvs" / name
    python, stamp = folder / "bin" / "python", folder / ".installed"
    want = "\n".join([*requirements, sys.version])
    if not stamp.exists() or stamp.read_text() != want:
        say(f"installing {', '.join(requirements)}")
        run([sys.executable, "-m", "venv", "--clear", str(folder)])
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        run([*pip, *requirements])
        stamp.write_text(want)
    return python


def version_of_project(what: str) -> Path:
    """The Python of an environment with another version of this project: a wheel or a git ref."""
    if what.endswith(".whl"):
        with open(what, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        return environment(f"wheel-{digest}", (str(Path(what).resolve()), "psycopg[binary]"))
    git = ["git", "-C", str(ROOT)]
    commit = run([*git, "rev-parse", "--short=12", f"{what}^{{commit}}"]).strip()
    source = STATE / "sources" / commit
    if not source.exists():
        archive = STATE / "sources" / f"{commit}.tar"
        archive.parent.mkdir(parents=True, exist_ok=True)
        run([*git, "archive", "--format=tar", f"--output={archive}", commit])
        shutil.unpack_archive(archive, source, filter="data")
        archive.unlink()
    return environment(f"reproq-{commit}", (str(source), "psycopg[binary]"))


def last_release() -> str | None:
    """The tag of this project's last release; None while there has been none."""
    try:
        return run(
            ["git", "-C", str(ROOT), "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]
        ).strip()
    except NotInstalled:
        return None


def redis_server() -> str:
    """Where redis-server is; on Debian and as root it is installed where it is missing."""
    if shutil.which("redis-server") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        say("installing redis-server from Debian")
        # Debian would start it as a service, which nobody here asked for.
        surroundings = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "redis-server"]
        for command in (install, ["apt-get", "update", "-q"], install):
            done = subprocess.run(
                ["timeout", str(PATIENCE), *command],
                env=surroundings,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
            if command is install and done.returncode == 0:
                break
    if path := shutil.which("redis-server"):
        return path
    raise NotInstalled("redis-server is not on this machine")


def run(command: list[str]) -> str:
    """What a command printed; NotInstalled with its complaint where it failed."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(str(error)) from None
    if done.returncode:
        raise NotInstalled(done.stderr.strip()[-500:] or f"{command[0]} failed")
    return done.stdout
