"""`python -m reproq_django.executor`: a payload in, one envelope out, and an exit code."""

import io
import json
import os
import signal
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from tests.worker.process import ROOT, until

pytestmark = pytest.mark.django

COMMAND = [sys.executable, "-m", "reproq_django.executor"]
SHOP = "tests.shop.tasks"


class Execution:
    """A started executor, and what it answered."""

    def __init__(self, folder, payload, *flags, **environment):
        environment = {"DJANGO_SETTINGS_MODULE": "tests.settings"} | environment
        variables = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", **environment}
        if not isinstance(payload, str):
            payload = json.dumps(payload)
        self.process = subprocess.Popen(
            [*COMMAND, *flags],
            env={name: value for name, value in variables.items() if value is not None},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if "--payload-stdin" in flags:
            self.process.stdin.write(payload)
            self.process.stdin.close()
        self.process.stdin = None

    def answer(self):
        """The exit code, the envelope and standard error."""
        stdout, stderr = self.process.communicate(timeout=30)
        return self.process.returncode, json.loads(stdout) if stdout else None, stderr


def call(name, *args, **more):
    return {"v": 1, "task_path": f"{SHOP}.{name}", "args": args, "kwargs": {}} | more


@pytest.fixture
def executed(tmp_path):
    """Runs many at the same time, given as name: (payload, *flags)."""
    for name in ("one", "two", "three"):
        text = f"from tests.settings import *\nWHO = {name!r}\n"
        (tmp_path / f"{name}_settings.py").write_text(text)

    def executed(**wanted):
        started = {name: Execution(tmp_path, *given) for name, given in wanted.items()}
        return {name: execution.answer() for name, execution in started.items()}

    return executed


def test_every_way_in_leads_to_the_same_answer(executed, tmp_path):
    spec = json.dumps(call("add", 1, 2))
    (tmp_path / "payload.json").write_text(spec)
    answers = executed(
        stdin=(spec, "--payload-stdin", "--result-id", "1"),
        file=("", "--payload-file", str(tmp_path / "payload.json")),
        inline=("", "--payload-json", spec),
        path=(call("nothing", 1, 2), "--payload-stdin", "--task-path", f"{SHOP}.add"),
        coroutine=(call("add_later", 1, 2), "--payload-stdin"),
        none=("",),
        two=("", "--payload-stdin", "--payload-json", spec),
    )
    for name in ("stdin", "file", "inline", "path", "coroutine"):
        assert answers[name][:2] == (0, {"ok": True, "return": 3}), answers[name]
    assert "not for production" in answers["inline"][2]
    for name in ("none", "two"):
        code, envelope, stderr = answers[name]
        assert (code, envelope) == (2, None)
        assert "--payload-stdin" in stderr


def test_each_failure_is_an_envelope_that_says_so(executed):
    stdin = "--payload-stdin"
    answers = executed(
        cut=('{"task_path": ', stdin),
        array=("[]", stdin),
        nameless=("{}", stdin),
        module=({"task_path": "tests.shop.nowhere.add"}, stdin),
        plain=(call("plain_function"), stdin),
        foreign=({"task_path": "os.path.join"}, stdin),
        value=(call("return_what_is_not_json", "date"), stdin),
        raised=(call("fail", "as asked"), stdin),
    )
    expected = {
        "cut": ("app_error", "PayloadError", "cannot be read: JSONDecodeError"),
        "array": ("app_error", "PayloadError", "must be an object"),
        "nameless": ("app_error", "PayloadError", "no task_path"),
        "module": ("app_error", "ModuleNotFoundError", "tests.shop.nowhere"),
        "plain": ("security_violation", "TaskNotAllowed", "Decorate the function with @task"),
        "foreign": ("security_violation", "TaskNotAllowed", "not in the allowed modules"),
        "value": (
            "app_error",
            "TypeError",
            "Return value of type datetime is not JSON serializable",
        ),
        "raised": ("app_error", "ValueError", "as asked"),
    }
    for name, (kind, exception_class, words) in expected.items():
        code, envelope, _ = answers[name]
        assert (code, envelope["ok"], envelope["kind"]) == (1, False, kind), name
        assert envelope["exception_class"].endswith(exception_class), name
        assert words in envelope["message"], name
    assert "tasks.py" in answers["raised"][1]["traceback"]


def test_what_a_task_prints_is_not_taken_for_the_answer(executed, tmp_path):
    [(code, envelope, stderr)] = executed(it=(call("speak", "hello"), "--payload-stdin")).values()
    assert (code, envelope) == (0, {"ok": True, "return": None})
    assert "[reproq executor] Task wrote 16 bytes to stdout; suppressed." in stderr
    assert "to stderr" in stderr
    assert "hello" not in stderr


def test_settings_come_from_the_flag_then_the_payload_then_the_environment(tmp_path, executed):
    executed()
    who = call("setting", "WHO")
    chosen = who | {"django": {"settings_module": "two_settings"}}
    environment = {"DJANGO_SETTINGS_MODULE": "three_settings", "REPROQ_EXECUTOR_DEBUG": "1"}
    flag = ["--settings", "one_settings"]
    started = [
        Execution(tmp_path, chosen, "--payload-stdin", *flag, **environment),
        Execution(tmp_path, chosen, "--payload-stdin", **environment),
        Execution(tmp_path, who, "--payload-stdin", **environment),
        Execution(tmp_path, who, "--payload-stdin", DJANGO_SETTINGS_MODULE=None),
    ]
    *answers, without = [execution.answer() for execution in started]
    assert [envelope["return"] for _, envelope, _ in answers] == ["one", "two", "three"]
    assert "[reproq executor] settings: one_settings" in answers[0][2]
    assert "DJANGO_SETTINGS_MODULE" in without[1]["message"]


def test_sigterm_is_answered_too(tmp_path):
    spec = {"task_path": "reproq_django.tasks.debug_noop_task", "args": [60]}
    execution = Execution(tmp_path, spec, "--payload-stdin", REPROQ_EXECUTOR_DEBUG="1")
    until(lambda: b"executing" in os.read(execution.process.stderr.fileno(), 4096), 20)
    execution.process.send_signal(signal.SIGTERM)
    code, envelope, _ = execution.answer()
    assert (code, envelope["ok"]) == (1, False)
    assert envelope["exception_class"] == "reproq_django.exceptions.Terminated"


def test_a_generated_stub_is_an_executor(tmp_path):
    path = tmp_path / "executor_stub.py"
    call_command("reproq_init_executor", "--path", str(path), stdout=io.StringIO())
    with pytest.raises(CommandError, match="--force"):
        call_command("reproq_init_executor", "--path", str(path))
    done = subprocess.run(
        [sys.executable, str(path), "--payload-stdin"],
        input=json.dumps(call("add", 1, 2)),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (0, '{"ok":true,"return":3}\n')
