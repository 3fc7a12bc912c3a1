"""An executor module without Django: what `--executor-module` may name, at its smallest.

A run's task_path is `plain.<name of a function below>`; its arguments are the function's.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

from reproq_worker import outcomes


def setup():
    """Nothing to prepare, unless a test wants it to fail."""
    if os.environ.get("PLAIN_SETUP_FAILS"):
        raise RuntimeError("settings are bad")


def execute(run):
    """Run one task; an exception is the worker's to record."""
    name = run["task_path"].removeprefix("plain.")
    spec = run["spec_json"]
    return outcomes.completed(TASKS[name](*spec["args"], **spec["kwargs"]))


def is_async(run):
    """Whether thread mode should run it on its event loop."""
    return run["task_path"].startswith("plain.async_")


async def aexecute(run):
    """Run one coroutine task."""
    name = run["task_path"].removeprefix("plain.")
    spec = run["spec_json"]
    return outcomes.completed(await TASKS[name](*spec["args"], **spec["kwargs"]))


def noop(*_):
    """Return at once."""


def echo(value):
    """Return the argument."""
    return value


def repeat(text, count):
    """Return something large."""
    return text * count


def fail(message="as asked"):
    """Raise."""
    raise ValueError(message)


def sleep(seconds, file=None):
    """Take some time; say so in a file first."""
    note(file)
    time.sleep(seconds)
    return "slept"


async def async_sleep(seconds):
    """Take some time without a thread."""
    await asyncio.sleep(seconds)
    return "slept"


def spawn_and_sleep(seconds, file):
    """Start a program that stays, note its pid and one's own, and sleep."""
    program = subprocess.Popen(["sleep", "600"])
    note(file, os.getpid(), program.pid)
    time.sleep(seconds)
    return "slept"


def spawn_and_return(file, session=False):
    """Leave a program behind that keeps standard output open."""
    program = subprocess.Popen(["sleep", "600"], start_new_session=session)
    note(file, os.getpid(), program.pid)
    return "left"


def write_on_after_the_end(file, size=200_000_000):
    """Leave a process behind that writes until it is killed, and take long to give memory back."""
    if not os.fork():
        try:
            while True:
                os.write(1, b".")
        except OSError as error:
            note(file, error.errno)
        os._exit(0)
    leaked.append(os.urandom(1) * size)


def ignore_sigterm(seconds):
    """Refuse to be ended gently."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(seconds)


def kill_self(number=9):
    """Die by a signal."""
    os.kill(os.getpid(), number)
    time.sleep(5)


def kill_worker():
    """Kill the supervisor, whose child the zygote is."""
    with open(f"/proc/{os.getppid()}/stat") as file:
        os.kill(int(file.read().rpartition(")")[2].split()[1]), signal.SIGKILL)
    time.sleep(5)


def kill_zygote():
    """Kill the parent of all children."""
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(5)


def leave(code=3):
    """Call sys.exit."""
    sys.exit(code)


def leave_at_once(code=3):
    """Call os._exit."""
    os._exit(code)


def overflow():
    """Use the stack up in C."""
    ctypes.string_at(0)


def complain_and_die(words, number):
    """Write to standard error and die by a signal."""
    print("nothing", file=sys.stderr)
    os.write(2, words.encode())
    os.kill(os.getpid(), number)
    time.sleep(5)


def write(stdout="", stderr=""):
    """Write to both streams."""
    sys.stdout.write(stdout)
    os.write(2, stderr.encode())
    return os.getpid()


def say(words, seconds):
    """Print, wait, and print again."""
    print(words)
    time.sleep(seconds)
    print(words, "again")


async def async_say(words, seconds):
    """Do the same without a thread."""
    print(words)
    await asyncio.sleep(seconds)
    print(words, "again")


def write_first(words, file):
    """Write something and fail, the first time; then succeed in silence."""
    if not os.path.exists(file):
        note(file)
        print(words)
        raise ValueError("the first time")


def take_memory(size):
    """Ask for memory at once."""
    return len(bytearray(size))


def leak(size):
    """Keep memory for ever."""
    leaked.append(os.urandom(1) * size)
    return os.getpid()


def take_memory_in_c(size):
    """Ask for memory and do as if it was there."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    return ctypes.string_at(libc.malloc(ctypes.c_size_t(size)) or 8, 1).hex()


def leave_threads():
    """Leave a thread behind that goes on."""
    threading.Thread(target=time.sleep, args=[600]).start()
    return os.getpid()


def close_descriptors(seconds=0):
    """Close everything, as a daemon would, and go on for a while."""
    os.closerange(3, 4096)
    time.sleep(seconds)


def close_standard_streams(how):
    """Close standard input, output and error: the files, or what Python makes of them."""
    if how == "files":
        os.closerange(0, 3)
    else:
        for stream in (sys.stdin, sys.stdout, sys.stderr):
            stream.close()
    return "closed"


def set_alarm(seconds):
    """Leave an alarm behind, which ends a process that does not expect it."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def change_process():
    """Change what belongs to the whole process."""
    os.chdir("/")
    os.umask(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])


def describe_process():
    """Say what change_process changes."""
    mask = os.umask(0o22)
    os.umask(mask)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    return [os.getcwd(), mask, str(signal.getsignal(signal.SIGTERM)), len(blocked)]


def write_a_lot(size):
    """Fill standard output."""
    sys.stdout.write("x" * size)
    os.write(1, b"y" * size)
    return size


def returns(what):
    """Return something that is hard to record."""
    return {
        "nul": "a\0b",
        "surrogate": "a\ud800b",
        "nan": float("nan"),
        "bytes": b"abc",
        "huge": "x" * 3_000_000,
    }[what]


def fork_and_return():
    """Fork, and let both come back."""
    os.fork()
    return os.getpid()


def note(file, *values):
    """Append a line to a file, when one is given."""
    if file:
        with open(file, "a") as out:
            out.write(" ".join(map(str, (time.time(), *values))) + "\n")


leaked = []

TASKS = {name: value for name, value in globals().items() if callable(value)}
