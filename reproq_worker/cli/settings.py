"""The options of `reproq worker`: each setting's flag, environment name and help.

Defaults are those of WorkerConfig and MonitorConfig. A configuration file knows the same settings
by the names of the parameters.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import reduce
from typing import Any

import click

from reproq_worker.cli.types import DURATION, PAUSE, SIZE, WORDS
from reproq_worker.config import ISOLATIONS, LOG_FORMATS, PAYLOAD_MODES, WorkerConfig
from reproq_worker.monitor.config import MonitorConfig

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_DEFAULTS = {
    **{field.name: field.default for field in fields(WorkerConfig)},
    **{f"metrics_{field.name}": field.default for field in fields(MonitorConfig)},
}


def _option(name: str, help_text: str, *spellings: str, **attributes: Any) -> Decorator:
    """An option for the setting `name`; its default is the setting's own."""
    default = _DEFAULTS.get(name)
    if default != "" and isinstance(default, int | float | str) and default is not False:
        help_text += f"  [default: {f'{default:g}' if isinstance(default, float) else default}]"
    flags = spellings or (f"--{name.replace('_', '-')}",)
    # No default here: what is not given is left to the dataclass, the one place for defaults.
    return click.option(*flags, name, default=None, help=help_text, show_envvar=True, **attributes)


def _all(*options: Decorator) -> Decorator:
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


worker_options = _all(
    _option(
        "listen_dsn",
        "Where to LISTEN, if not --dsn: around PgBouncer.",
        envvar="LISTEN_DATABASE_URL",
    ),
    _option("worker_id", "The worker's name.  [default: hostname-pid]", envvar="WORKER_ID"),
    _option(
        "process_role",
        "What this process is called in events and logs.",
        envvar="REPROQ_PROCESS_ROLE",
    ),
    _option(
        "queues",
        "Queues, separated by commas.  [default: default]",
        "--queues",
        "--queue",
        envvar=["QUEUE_NAMES", "QUEUE_NAME"],
        type=WORDS,
    ),
    _option("concurrency", "How many tasks at once.", type=int),
    _option("isolation", "What a task runs in.", type=click.Choice(ISOLATIONS)),
    _option("executor_module", "The module that runs tasks."),
    _option(
        "executor_command",
        "With --isolation spawn: the program that runs a task, of any language, and its arguments."
        "  [default: this Python and --executor-module]",
    ),
    _option(
        "python_bin",
        "With --isolation spawn: the Python that runs --executor-module.  [default: this one]",
    ),
    _option(
        "payload_mode",
        "With --isolation spawn: how a program gets its run; inline is for development.",
        type=click.Choice(PAYLOAD_MODES),
    ),
    _option(
        "allowed_task_modules",
        "Modules whose tasks may run, separated by commas; * for all.  [default: those of the"
        " installed apps]",
        envvar="ALLOWED_TASK_MODULES",
        type=WORDS,
        callback=lambda _ctx, _param, value: ",".join(value) if value else None,
    ),
    _option("lease_seconds", "How long a claim lasts unless renewed.", type=DURATION),
    _option("heartbeat_seconds", "How often leases are renewed; 0 never.", type=DURATION),
    _option(
        "reclaim_interval_seconds",
        "Look for lost leases so often; 0 never.",
        "--reclaim-interval-seconds",
        "--claim-interval",
        type=DURATION,
    ),
    _option("poll_min_backoff", "The first pause after an empty claim.", type=DURATION),
    _option(
        "poll_max_backoff",
        "The longest pause between two looks at an empty queue.",
        "--interval",
        envvar="POLL_INTERVAL",
        type=DURATION,
    ),
    _option("exec_timeout", "No task runs longer.", type=DURATION),
    _option("shutdown_timeout", "How long running tasks may go on after SIGTERM.", type=DURATION),
    _option("max_tasks_per_child", "Replace a child after so many tasks; 0 never.", type=int),
    _option(
        "max_memory",
        "What the process of a task may take, such as 512M; 0 means no limit.",
        type=SIZE,
    ),
    _option("max_payload_bytes", "Start no run with more arguments than this.", type=SIZE),
    _option("max_result_bytes", "Keep no larger result: the run fails.", type=SIZE),
    _option("max_stdout_bytes", "Keep so much of what a task prints.", type=SIZE),
    _option("max_stderr_bytes", "Keep so much of a task's standard error.", type=SIZE),
    _option(
        "logs_dir",
        "A folder for files with what each attempt wrote.  [default: none, it is passed on]",
        envvar="REPROQ_LOGS_DIR",
    ),
    _option(
        "priority_aging_factor",
        "Warn when a queue ages otherwise: seconds of waiting for one point of priority. The order"
        " itself is the queue's setting, `reproq_set_aging`.",
        envvar="PRIORITY_AGING_FACTOR",
        type=float,
    ),
    _option("until_empty", "Leave when there is nothing to do.", is_flag=True),
    _option("max_tasks", "Leave after so many tasks; 0 means no end.", type=int),
    _option("log_format", "How log lines look.", type=click.Choice(LOG_FORMATS)),
    _option(
        "low_memory",
        "No /metrics and no /events: for small machines.",
        is_flag=True,
        envvar="LOW_MEMORY_MODE",
    ),
    _option(
        "memory_log_interval",
        "Log how much memory the worker uses so often; 0 or off never.",
        type=PAUSE,
        envvar="REPROQ_MEMORY_LOG_INTERVAL",
    ),
)
"""What a worker does."""

monitor_options = _all(
    _option(
        "metrics_port",
        "Show /metrics, /healthz and /events on this port of 127.0.0.1; 0 not at all."
        "  [default: 0]",
        type=click.IntRange(0, 65535),
    ),
    _option(
        "metrics_addr",
        "The same on host:port; `:9090` is every IPv4 interface. A public address needs a token,"
        " client certificates or a list of addresses.",
        envvar="METRICS_ADDR",
    ),
    _option(
        "metrics_auth_token",
        "Answer who sends this as a bearer token, or a JWT signed with it.",
        envvar="METRICS_AUTH_TOKEN",
    ),
    _option(
        "metrics_jwt_secret",
        "What JWTs are signed with.  [default: the token]",
        envvar="METRICS_JWT_SECRET",
    ),
    _option(
        "metrics_allow_cidrs",
        "Answer these addresses alone: 10.0.0.0/8,localhost.",
        envvar="METRICS_ALLOW_CIDRS",
        type=WORDS,
    ),
    _option(
        "metrics_auth_limit",
        "So many wrong tokens from an address, then it is refused for the window.",
        envvar="METRICS_AUTH_LIMIT",
        type=int,
    ),
    _option(
        "metrics_auth_window",
        "How long wrong tokens are counted.",
        envvar="METRICS_AUTH_WINDOW",
        type=DURATION,
    ),
    _option(
        "metrics_auth_max_entries",
        "How many addresses are remembered.",
        envvar="METRICS_AUTH_MAX_ENTRIES",
        type=int,
    ),
    _option("metrics_tls_cert", "Certificate for https.", envvar="METRICS_TLS_CERT"),
    _option("metrics_tls_key", "Its key.", envvar="METRICS_TLS_KEY"),
    _option(
        "metrics_tls_client_ca",
        "Answer clients with a certificate of this authority alone.",
        envvar="METRICS_TLS_CLIENT_CA",
    ),
)
"""What a worker shows, and to whom."""
