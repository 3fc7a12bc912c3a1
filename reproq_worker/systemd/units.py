"""Unit files: a worker, a beat, and a timer in place of the beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: What a worker does after SIGTERM beyond waiting for its tasks.
_LEAVING_SECONDS = 15
_MODE = "REPROQ_SCHEDULER_MODE"


@dataclass(frozen=True)
class Service:
    """What all units of one project have in common."""

    name: str
    #: The words that start `reproq`.
    command: Sequence[str]
    folder: Path
    user: str = ""
    group: str = ""
    env_file: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def worker(
        self, flags: Sequence[str], variables: Mapping[str, str], shutdown_timeout: float
    ) -> str:
        """A worker that tells systemd when it works, and is killed when its loop stands still."""
        return self._unit(
            "worker",
            [
                "Type=notify",
                "NotifyAccess=main",
                "WatchdogSec=30",
                *self._common(variables),
                f"ExecStart={self._words('worker', *flags)}",
                "ExecReload=/bin/kill -HUP $MAINPID",
                # SIGTERM is for the worker alone: it ends its children when their time is up.
                "KillMode=mixed",
                f"TimeoutStopSec={int(shutdown_timeout) + _LEAVING_SECONDS}",
                *_RESTART,
            ],
            _AT_BOOT,
        )

    def beat(self) -> str:
        """A beat. Workers keep time as well: it is for databases without one."""
        return self._unit(
            "beat",
            [
                "Type=exec",
                *self._common(),
                _only_if("beat"),
                f"ExecStart={self._words('beat')}",
                *_RESTART,
            ],
            _AT_BOOT,
        )

    def schedule(self) -> str:
        """One tick."""
        lines = ["Type=oneshot", *self._common(), _only_if("cron")]
        return self._unit("schedule", [*lines, f"ExecStart={self._words('schedule')}"], [])

    def timer(self, on_calendar: str) -> str:
        """When to tick."""
        return _joined(
            ["[Unit]", f"Description=Reproq schedule of {_text(self.name)}"],
            ["[Timer]", f"OnCalendar={_text(on_calendar)}", "AccuracySec=1s", "Persistent=true"],
            ["[Install]", "WantedBy=timers.target"],
        )

    def _unit(self, role: str, service: list[str], install: list[str]) -> str:
        return _joined(
            [
                "[Unit]",
                f"Description=Reproq {role} of {_text(self.name)}",
                "After=network.target postgresql.service",
            ],
            ["[Service]", *service],
            install,
        )

    def _common(self, variables: Mapping[str, str] | None = None) -> list[str]:
        known = {"PYTHONUNBUFFERED": "1", **self.environment, **(variables or {})}
        lines = [
            f"User={_text(self.user)}" if self.user else "",
            f"Group={_text(self.group)}" if self.group else "",
            f"WorkingDirectory={_text(str(self.folder))}",
            # The file wins, wherever it stands.
            *(f"Environment={_quoted(f'{key}={value}')}" for key, value in known.items()),
            f"EnvironmentFile={_text(self.env_file)}" if self.env_file else "",
            "NoNewPrivileges=true",
        ]
        return [line for line in lines if line]

    def _words(self, *words: str) -> str:
        return " ".join(_quoted(word).replace("$", "$$") for word in (*self.command, *words))


# What is configured wrongly stays so: exit code 2 is not tried again.
_RESTART = ["Restart=always", "RestartSec=5", "RestartPreventExitStatus=2"]
_AT_BOOT = ["[Install]", "WantedBy=multi-user.target"]


def _only_if(mode: str) -> str:
    return f"""ExecCondition=/bin/sh -c 'test "$${{{_MODE}:-beat}}" = {mode}'"""


def _joined(*sections: list[str]) -> str:
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _text(value: str) -> str:
    """A value of a directive that is not split into words."""
    if any(not c.isprintable() for c in value):
        raise ValueError(f"not for a unit file: {value!r}")
    return value.replace("%", "%%")


def _quoted(word: str) -> str:
    """One word of a directive that is."""
    escaped = _text(word).replace("\\", "\\\\").replace('"', '\\"')
    plain = word and all(c.isalnum() or c in "-_./:,=@+%*" for c in word)
    return escaped if plain else f'"{escaped}"'
