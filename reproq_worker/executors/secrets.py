"""Variables that the tasks' settings may read, and that stand in no process's environment.

Whoever may read /proc/<pid>/environ of a child shall not find them there. The zygote hears them by
its socket, a program through a pipe.
"""

import json
import os
from collections.abc import Mapping

#: Names the descriptor from which a program may read one object of JSON: names and values.
DESCRIPTOR = "REPROQ_ENVIRONMENT_FD"

_NAMES = {
    "DATABASE_URL",
    "LISTEN_DATABASE_URL",
    "METRICS_AUTH_TOKEN",
    "METRICS_JWT_SECRET",
    "PGPASSWORD",
}


def apart(environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What of these variables is secret, and the others."""
    hidden = {name: value for name, value in environment.items() if name in _NAMES}
    visible = {name: value for name, value in environment.items() if name not in _NAMES}
    return hidden, visible


def hand_over(variables: Mapping[str, str]) -> None:
    """Lay variables ready for the program that this process is about to become."""
    if variables:
        reader, writer = os.pipe()
        with open(writer, "w") as file:
            json.dump(variables, file)
        os.set_inheritable(reader, True)
        os.environ[DESCRIPTOR] = str(reader)


def take() -> None:
    """Put what a worker has laid ready into this program's own os.environ."""
    if number := os.environ.pop(DESCRIPTOR, None):
        with open(int(number)) as file:
            os.environ.update(json.load(file))
