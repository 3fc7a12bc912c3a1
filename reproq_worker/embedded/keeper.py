"""Keeps one Postgres server for the process that started this script, and ends it with it.

`server.py` runs this file as a program of its own and reads one JSON line from it: the server is
ready, or why not. A separate process for three reasons: privileges are dropped here
without touching the owner; the kernel's "parent died" signal follows the *thread* that forked, and
this program can look whether the owner's process is really gone; and nothing runs between fork and
exec in an owner that may have threads.
"""

import ctypes
import fcntl
import json
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
UID_INSIDE = 1000
LOCK_PATIENCE = 5.0
STOP_PATIENCE = 20.0


class Refused(Exception):
    """The server cannot be started; the message is for the person who asked for it."""


def signal_on_parent_death(number: int) -> None:
    """Ask the kernel for a signal when the parent dies; elsewhere than on Linux `keep` polls."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def lock_folder(data_dir: Path) -> int:
    """Hold the folder for this keeper and, by inheritance, for every process of its server.

    A server whose owner was killed needs a moment to shut down, so this waits before it refuses.
    """
    descriptor = os.open(data_dir, os.O_RDONLY)
    deadline = time.monotonic() + LOCK_PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Refused(
                    f"data folder {data_dir} is in use by another server{which(data_dir)}"
                ) from None
            time.sleep(0.05)
        else:
            os.set_inheritable(descriptor, True)
            return descriptor


def which(data_dir: Path) -> str:
    try:
        pid = (data_dir / "postmaster.pid").read_text().split("\n", 1)[0]
    except OSError:
        return ""
    return f" (process {pid})"


def drop_privileges(data_dir: Path, socket_dir: Path) -> None:
    """Postgres refuses to run as root: become somebody who may use the folder.

    In a user namespace root's own files stay accessible under another user's number. Where
    namespaces are forbidden the user `postgres` gets the folder.
    """
    if os.geteuid() != 0:
        return
    group = os.getegid()
    if data_dir.stat().st_uid == 0:
        try:
            os.unshare(os.CLONE_NEWUSER)
        except (OSError, AttributeError):
            give_to_postgres_user(data_dir, socket_dir)
        else:
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{UID_INSIDE} 0 1")
            Path("/proc/self/gid_map").write_text(f"{UID_INSIDE} {group} 1")
            return
    owner = data_dir.stat()
    os.setgroups([])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)
    if not os.access(data_dir, os.R_OK | os.W_OK | os.X_OK):
        name = pwd.getpwuid(owner.st_uid).pw_name
        raise Refused(f"user {name} cannot reach {data_dir}: choose a folder outside root's home")


def give_to_postgres_user(data_dir: Path, socket_dir: Path) -> None:
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise Refused(
            "Postgres does not run as root, user namespaces are forbidden here, and there is no "
            "user postgres to run it as: start this as another user"
        ) from None
    for path in [socket_dir, data_dir, *data_dir.rglob("*")]:
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def initialise(bin_dir: Path, data_dir: Path, durable: bool, owner: int) -> None:
    """Run initdb in an empty folder; PG_VERSION is moved last and says that all is there."""
    if (data_dir / "PG_VERSION").exists():
        return
    staging = data_dir / ".initdb"
    if any(data_dir.iterdir()) and not staging.exists():
        raise Refused(f"{data_dir} is not empty and holds no Postgres database")
    for leftover in data_dir.iterdir():
        # An initdb that was interrupted: `.initdb` goes last, since it marks the rest as ours.
        if leftover != staging:
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    command = [bin_dir / "initdb", "-D", staging, "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    command += ["--no-locale", "--no-instructions"] + ([] if durable else ["--no-sync"])
    code, said = run_while_owned(command, owner)
    if code:
        raise Refused(f"initdb failed: {said}")
    for entry in sorted(staging.iterdir(), key=lambda path: path.name == "PG_VERSION"):
        entry.rename(data_dir / entry.name)
    staging.rmdir()


def run_while_owned(command: list[object], owner: int) -> tuple[int, str]:
    """Run a program that takes seconds, and kill it with all it has started if the owner goes."""
    program = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
        preexec_fn=die_with_keeper,
    )
    while True:
        try:
            out, err = program.communicate(timeout=0.1)
            return program.returncode, err.strip() or out.strip()
        except subprocess.TimeoutExpired:
            if os.getppid() != owner:
                os.killpg(program.pid, signal.SIGKILL)
                program.wait()
                raise Refused("whoever asked for the server is gone") from None


def die_with_keeper() -> None:
    """In the forked child: a server whose keeper is killed shuts down fast by itself."""
    keeper = os.getppid()
    signal_on_parent_death(signal.SIGINT)
    if os.getppid() != keeper:
        os._exit(1)


def remove_stale_pid_file(data_dir: Path) -> None:
    """A pid file left by a crash, its number another program's by now, would look like a server.

    While this is still root: elsewhere nobody may look where another's process works.
    """
    pid_file = data_dir / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        if os.readlink(f"/proc/{pid}/cwd") != str(data_dir):
            pid_file.unlink()
    except (OSError, ValueError):
        return  # No file, no such process or no /proc: Postgres judges by itself.


def wait_until_ready(server: subprocess.Popen, data_dir: Path, timeout: float, owner: int) -> None:
    """The last line of postmaster.pid says `ready` once the server takes connections."""
    deadline = time.monotonic() + timeout
    while server.poll() is None and os.getppid() == owner and time.monotonic() < deadline:
        try:
            lines = (data_dir / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            lines = []
        if len(lines) > 7 and lines[0] == str(server.pid) and lines[7].strip() == "ready":
            return
        time.sleep(0.01)
    if server.poll() is None:
        end(server)
        raise Refused(f"the server was not ready after {timeout:g} s")
    raise Refused("the server did not start")


def end(server: subprocess.Popen) -> None:
    """Shut down fast, and without a checkpoint if that takes too long."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def keep(server: subprocess.Popen, wakeup: int, owner: int) -> None:
    """Wait for the end of the server or of the owner, whichever comes first."""
    while server.poll() is None:
        if os.getppid() != owner:
            end(server)
            return
        if select.select([wakeup], [], [], 1.0)[0]:
            os.read(wakeup, 64)


def say(**answer: object) -> None:
    print(json.dumps(answer), flush=True)


def main(order: dict) -> None:
    data_dir, bin_dir, owner = Path(order["data_dir"]), Path(order["bin_dir"]), order["owner"]
    lock = lock_folder(data_dir)
    remove_stale_pid_file(data_dir)
    drop_privileges(data_dir, Path(order["socket_dir"]))
    # Only now: the kernel forgets this wish when a process changes its credentials.
    wakeup, alarm = os.pipe()
    os.set_blocking(alarm, False)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    signal_on_parent_death(signal.SIGTERM)
    if os.getppid() != owner:
        return
    initialise(bin_dir, data_dir, order["durable"], owner)
    with (data_dir / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [bin_dir / "postgres", "-D", data_dir, *order["options"]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            pass_fds=[lock],
            preexec_fn=die_with_keeper,
        )
    wait_until_ready(server, data_dir, order["timeout"], owner)
    say(ready=server.pid)
    keep(server, wakeup, owner)


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except (Refused, OSError) as error:
        say(error=str(error))
        sys.exit(1)
