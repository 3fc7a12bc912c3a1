"""`reproq worker`: a shell over WorkerConfig and Supervisor."""

import asyncio
import os
import sys
from dataclasses import fields
from datetime import timedelta
from typing import Any

import click

from reproq_worker import durations, logs, sizes
from reproq_worker.cli.database import dsn_option, readable_dsn
from reproq_worker.cli.faults import NO_DATABASE, Fault
from reproq_worker.config import ISOLATIONS, LOG_FORMATS, PAYLOAD_MODES, WorkerConfig, parse_queues
from reproq_worker.supervisor import readiness
from reproq_worker.supervisor.supervisor import Exit, Supervisor


class Duration(click.ParamType):
    """Seconds, from `30`, `500ms`, `1m30s`."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse; what is no duration fails naming the option."""
        try:
            return durations.parse(value) / timedelta(seconds=1)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Size(click.ParamType):
    """Bytes, from `1048576`, `512M`, `2G`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Parse; what is no size fails naming the option."""
        try:
            return sizes.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


_DEFAULTS = {field.name: field.default for field in fields(WorkerConfig)}
_DURATION = Duration()
_SIZE = Size()


def _option(name: str, help_text: str, *spellings: str, **attributes: Any) -> Any:
    """An option for the setting `name`; its default is the setting's own."""
    default = _DEFAULTS[name]
    if default != "" and isinstance(default, int | float | str) and default is not False:
        help_text += f"  [default: {f'{default:g}' if isinstance(default, float) else default}]"
    flags = spellings or (f"--{name.replace('_', '-')}",)
    # No default here: what is not given is left to WorkerConfig, the one place for defaults.
    return click.option(*flags, name, default=None, help=help_text, **attributes)


@click.command()
@dsn_option
@_option(
    "listen_dsn", "Where to LISTEN, if not --dsn: around PgBouncer.", envvar="LISTEN_DATABASE_URL"
)
@_option("worker_id", "The worker's name.  [default: hostname-pid]", envvar="WORKER_ID")
@_option(
    "queues",
    "Queues, separated by commas.  [default: default]",
    "--queues",
    "--queue",
    envvar="QUEUE_NAMES",
)
@_option("concurrency", "How many tasks at once.", type=int)
@_option("isolation", "What a task runs in.", type=click.Choice(ISOLATIONS))
@_option("executor_module", "The module that runs tasks.")
@_option(
    "executor_command",
    "With --isolation spawn: the program that runs a task, of any language, and its arguments."
    "  [default: this Python and --executor-module]",
)
@_option(
    "python_bin",
    "With --isolation spawn: the Python that runs --executor-module.  [default: this one]",
)
@_option(
    "payload_mode",
    "With --isolation spawn: how a program gets its run; inline is for development.",
    type=click.Choice(PAYLOAD_MODES),
)
@_option(
    "allowed_task_modules",
    "Modules whose tasks may run, separated by commas; * for all.",
    envvar="ALLOWED_TASK_MODULES",
)
@_option("lease_seconds", "How long a claim lasts unless renewed.", type=_DURATION)
@_option("heartbeat_seconds", "How often leases are renewed; 0 never.", type=_DURATION)
@_option("reclaim_interval_seconds", "Look for lost leases so often; 0 never.", type=_DURATION)
@_option(
    "poll_max_backoff",
    "The longest pause between two looks at an empty queue.",
    "--interval",
    type=_DURATION,
)
@_option("exec_timeout", "No task runs longer.", type=_DURATION)
@_option("max_tasks_per_child", "Replace a child after so many tasks; 0 never.", type=int)
@_option(
    "max_memory",
    "What the process of a task may take, such as 512M; 0 means no limit.",
    type=_SIZE,
)
@_option("max_payload_bytes", "Start no run with more arguments than this.", type=_SIZE)
@_option("max_result_bytes", "Keep no larger result: the run fails.", type=_SIZE)
@_option("max_stdout_bytes", "Keep so much of what a task prints.", type=_SIZE)
@_option("max_stderr_bytes", "Keep so much of a task's standard error.", type=_SIZE)
@_option(
    "logs_dir",
    "A folder for files with what each attempt wrote.  [default: none, it is passed on]",
    envvar="REPROQ_LOGS_DIR",
)
@_option("shutdown_timeout", "How long running tasks may go on after SIGTERM.", type=_DURATION)
@_option("until_empty", "Leave when there is nothing to do.", is_flag=True)
@_option("max_tasks", "Leave after so many tasks; 0 means no end.", type=int)
@_option("log_format", "How log lines look.", type=click.Choice(LOG_FORMATS))
def worker(**options: Any) -> None:
    """Claim tasks and run them, until SIGTERM or Ctrl-C."""
    code = run(_config(options))
    if code is Exit.RESTART:
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    if code:
        sys.exit(code)


def run(config: WorkerConfig) -> Exit:
    """Check the database, then work in this process until told to stop."""
    logs.configure(config.log_format, config.worker_id)
    try:
        readiness.check(config.dsn)
    except readiness.OutOfReach as error:
        raise Fault(f"the database is out of reach: {error}", NO_DATABASE) from None
    code = asyncio.run(_supervise(config))
    if config.isolation == "thread" and code is not Exit.RESTART:
        # Tasks that overran are still in their threads, and nothing can make them leave.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


async def _supervise(config: WorkerConfig) -> Exit:
    return await Supervisor(config).run()


def _config(options: dict[str, Any]) -> WorkerConfig:
    given = options | {"dsn": readable_dsn(options["dsn"])}
    if given["queues"] is not None:
        given["queues"] = parse_queues(given["queues"])
    return WorkerConfig.of(given)
