"""The `reproq` command. Each command is loaded only when it is asked for."""

from reproq_worker.cli.group import LazyGroup

COMMANDS = {
    "worker": "reproq_worker.cli.worker:worker",
    "beat": "reproq_worker.cli.beat:beat",
    "schedule": "reproq_worker.cli.beat:schedule",
    "migrate": "reproq_worker.cli.schema:migrate",
    "install": "reproq_worker.cli.package:install_worker",
    "upgrade": "reproq_worker.cli.package:upgrade",
    "uninstall": "reproq_worker.cli.schema:uninstall",
    "grant": "reproq_worker.cli.roles:grant",
    "revoke": "reproq_worker.cli.roles:revoke",
    "pg-cron": "reproq_worker.cli.pg_cron:pg_cron",
    "cancel": "reproq_worker.cli.operate:cancel",
    "retry": "reproq_worker.cli.operate:retry",
    "replay": "reproq_worker.cli.operate:replay",
    "triage": "reproq_worker.cli.triage:triage",
    "pause-queue": "reproq_worker.cli.queues:pause_queue",
    "resume-queue": "reproq_worker.cli.queues:resume_queue",
    "reclaim": "reproq_worker.cli.reclaim:reclaim",
    "limit": "reproq_worker.cli.limit:limit",
    "prune": "reproq_worker.cli.prune:prune",
    "prune-successful": "reproq_worker.cli.prune:prune_successful",
    "prune-workers": "reproq_worker.cli.prune:prune_workers",
    "torture": "reproq_worker.cli.torture:torture",
    "explain": "reproq_worker.cli.look:explain",
    "logs": "reproq_worker.cli.task_logs:logs",
    "stats": "reproq_worker.cli.look:stats",
    "status": "reproq_worker.cli.look:stats",
    "health": "reproq_worker.cli.health:health",
    "check": "reproq_worker.cli.doctor:check",
    "doctor": "reproq_worker.cli.doctor:doctor",
    "systemd": "reproq_worker.cli.systemd:systemd",
    "config": "reproq_worker.cli.config:config",
    "version": "reproq_worker.cli.group:version",
}
"""The name of each command, and where it lies."""

main = LazyGroup(COMMANDS)
