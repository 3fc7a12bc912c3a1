"""`reproq worker`: a shell over WorkerConfig and Supervisor."""

import asyncio
import os
import signal
import sys
from typing import Any

import click
from psycopg.conninfo import conninfo_to_dict

from reproq_worker import logs, tracing
from reproq_worker.cli.database import dsn_option, readable_dsn
from reproq_worker.cli.faults import NO_DATABASE, Fault
from reproq_worker.cli.settings import monitor_options, worker_options
from reproq_worker.config import WorkerConfig
from reproq_worker.monitor.config import MonitorConfig
from reproq_worker.supervisor import readiness
from reproq_worker.supervisor.supervisor import Exit, Supervisor


@click.command()
@dsn_option
@worker_options
@monitor_options
def worker(**options: Any) -> None:
    """Claim tasks and run them, until SIGTERM or Ctrl-C.

    Any number of workers may serve any number of queues; none of them needs a scheduler beside it.
    SIGTERM lets running tasks finish, gives back the rest and ends with 0. SIGHUP does the same and
    starts anew with fresh code and configuration, under the same process id.

    \b
    Examples:
      reproq worker --queues mail,default --concurrency 20
      reproq worker --isolation thread --concurrency 200 --queues webhooks
      reproq worker --until-empty               # from cron: do what there is, then leave
      reproq worker --metrics-port 9090         # /metrics, /healthz, /events on 127.0.0.1
    """
    code = run(worker_config(options))
    if code is Exit.RESTART:
        sys.stdout.flush()
        # Ignored until the fresh process has its own way with it: a second one must not end it.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    if code:
        sys.exit(code)


def run(config: WorkerConfig) -> Exit:
    """Check the database, then work in this process until told to stop."""
    logs.configure(config.log_format, config.worker_id, _secrets(config))
    try:
        readiness.check(config.dsn)
        if config.priority_aging_factor is not None:
            readiness.warn_of_aging(config.dsn, config.queues, config.priority_aging_factor)
    except readiness.OutOfReach as error:
        raise Fault(f"the database is out of reach: {error}", NO_DATABASE) from None
    code = asyncio.run(_supervise(config))
    if config.isolation == "thread" and code is not Exit.RESTART:
        # Tasks that overran are still in their threads, and nothing can make them leave.
        tracing.flush()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


async def _supervise(config: WorkerConfig) -> Exit:
    return await Supervisor(config).run()


def _secrets(config: WorkerConfig) -> list[str]:
    dsns = [conninfo_to_dict(dsn) for dsn in (config.dsn, config.listen_dsn) if dsn]
    monitor = config.monitor
    return [
        *(str(dsn.get("password", "")) for dsn in dsns),
        *([monitor.auth_token or "", monitor.jwt_secret or ""] if monitor else []),
    ]


def worker_config(options: dict[str, Any]) -> WorkerConfig:
    """The settings that the options of `reproq worker` amount to; ConfigError, Fault."""
    given = {key: value for key, value in options.items() if not key.startswith("metrics_")}
    given["dsn"] = readable_dsn(options["dsn"])
    given["queues"] = options["queues"] or None
    given["monitor"] = monitor_config(options)
    return WorkerConfig.of(given)


def monitor_config(options: dict[str, Any]) -> MonitorConfig | None:
    """Where and to whom the worker shows itself; None without an address."""
    given = {
        key.removeprefix("metrics_"): value
        for key, value in options.items()
        if key.startswith("metrics_") and value is not None
    }
    port = given.pop("port", 0)
    is_wanted = bool(given.get("addr") or port)
    given["addr"] = given.get("addr") or f"127.0.0.1:{port}"
    config = MonitorConfig(**given)  # what is wrong is told, wanted or not
    return config if is_wanted else None
