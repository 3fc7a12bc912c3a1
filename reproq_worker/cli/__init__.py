"""The `reproq` command. Each command is loaded only when it is asked for."""

from reproq_worker.cli.group import LazyGroup

COMMANDS = {
    "worker": "reproq_worker.cli.worker:worker",
    "beat": "reproq_worker.cli.beat:beat",
    "schedule": "reproq_worker.cli.beat:schedule",
    "migrate": "reproq_worker.cli.schema:migrate",
    "uninstall": "reproq_worker.cli.schema:uninstall",
    "grant": "reproq_worker.cli.roles:grant",
    "revoke": "reproq_worker.cli.roles:revoke",
    "pg-cron": "reproq_worker.cli.pg_cron:pg_cron",
    "cancel": "reproq_worker.cli.operate:cancel",
    "retry": "reproq_worker.cli.operate:retry",
    "replay": "reproq_worker.cli.operate:replay",
    "triage": "reproq_worker.cli.triage:triage",
    "limit": "reproq_worker.cli.limit:limit",
    "prune": "reproq_worker.cli.prune:prune",
    "torture": "reproq_worker.cli.torture:torture",
    "explain": "reproq_worker.cli.look:explain",
    "stats": "reproq_worker.cli.look:stats",
    "doctor": "reproq_worker.cli.doctor:doctor",
    "systemd": "reproq_worker.cli.systemd:systemd",
    "config": "reproq_worker.cli.config:config",
    "version": "reproq_worker.cli.group:version",
}
"""The name of each command, and where it lies."""

main = LazyGroup(COMMANDS)
