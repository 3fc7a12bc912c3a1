"""`./run test`: installs what the tests need and runs them.

Arguments go on to pytest. `--slow` adds the slow tests, and those with Django on 6.0, too, as
CI=true does.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import sysconfig
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.harness.machine import OLDER, available, in_ci, missing

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".reproq" / "tests"
OLDER_DJANGO = "6.0"

DEBIAN_PACKAGES = [
    "postgresql-15",
    "pgtap",
    "postgresql-15-pgtap",
    "libtap-parser-sourcehandler-pgtap-perl",
    "postgresql-15-plpgsql-check",
    "postgresql-15-cron",
    "pgbouncer",
    "chromium",
    "nodejs",
    "gettext",
    "systemd",
]


def say(text: str) -> None:
    print(f"./run test: {text}", file=sys.stderr, flush=True)


def install_debian_packages() -> None:
    """Install what is missing where that is possible: as root, with Debian's apt-get."""
    if not missing() or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not missing():
            return
        say(f"installing from Debian: {' '.join(DEBIAN_PACKAGES)}")
        # Debian would start a cluster and a PgBouncer as services, which nobody here asked for.
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *DEBIAN_PACKAGES]
        update = ["apt-get", "update", "-q"]
        for command in (install, update, install):
            patience = 300 if command == install else 90
            done = subprocess.run(
                ["timeout", str(patience), *command],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            if command == install and done.returncode == 0:
                return
        say(f"apt-get failed: {done.stderr.strip()[-1000:]}")


def older_django() -> str:
    """The Python of a second environment: all of the first one, but with an older Django."""
    folder = ROOT / ".venv-django60"
    python = folder / "bin" / "python"
    stamp = folder / ".installed"
    want = f"{(ROOT / '.venv' / '.installed-test').read_text()} {sys.version}"
    with (ROOT / ".venv.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != want:
            say(f"installing Django {OLDER_DJANGO} into {folder.name}")
            build_older_django(folder, python)
            stamp.write_text(want)
    return str(python)


def build_older_django(folder: Path, python: Path) -> None:
    base = sysconfig.get_path("purelib")
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    wanted = f"Django=={OLDER_DJANGO}.*"
    pip = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "--python", str(python), "install", "--no-deps", wanted, "-e", str(ROOT)], check=True
    )
    # `site.addsitedir` appends, so what was installed above hides its other version in the base.
    site_packages = next(folder.glob("lib/python*/site-packages"))
    (site_packages / "base.pth").write_text(f"import site; site.addsitedir({base!r})\n")


def run_pytest(python: str, name: str, arguments: list[str]) -> tuple[int, Path]:
    STATE.mkdir(parents=True, exist_ok=True)
    report = STATE / f"{name}-{os.getpid()}.xml"
    command = [python, "-m", "pytest", f"--junitxml={report}", "-o", "junit_family=xunit1"]
    return subprocess.run([*command, *arguments], cwd=ROOT).returncode, report


def count(report: Path) -> dict[str, int]:
    """Passed, failed and skipped tests of one run."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    if not report.exists():
        return counts
    for suite in ET.parse(report).getroot().iter("testsuite"):
        total, failed, errors, skipped = (
            int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")
        )
        counts["failed"] += failed + errors
        counts["skipped"] += skipped
        counts["passed"] += max(0, total - failed - errors - skipped)
    report.unlink()
    return counts


def main(arguments: list[str]) -> int:
    install_debian_packages()
    gaps = missing()
    if gaps:
        say(f"{'FAILED' if in_ci() else 'LEFT OUT'}, this machine lacks: {'; '.join(gaps)}")
        if in_ci():
            return 1
    if not any(word.startswith(("-n", "--numprocesses", "--pdb", "-s")) for word in arguments):
        # One more than there are cores: many tests wait for other processes.
        arguments = ["-n", "3", "--dist", "worksteal", *arguments]
    runs = [(sys.executable, "newest", arguments)]
    if in_ci() or "--slow" in arguments:
        # The newest Django meets the embedded Postgres, the older one Debian's.
        older_server = ["--server", OLDER] if OLDER in available() else []
        runs.append((older_django(), "older", [*older_server, *arguments, "-m", "django"]))
    total = {"passed": 0, "failed": 0, "skipped": 0}
    codes = []
    for python, name, words in runs:
        code, report = run_pytest(python, name, words)
        codes.append(code)
        for key, number in count(report).items():
            total[key] += number
        if code == 2:
            break
    print("total: {passed} passed, {failed} failed, {skipped} skipped".format(**total), flush=True)
    # 5 is "no tests": right for `-k` in one of the two runs, wrong in both.
    failures = [code for code in codes if code not in (0, 5)]
    return failures[0] if failures else min(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
