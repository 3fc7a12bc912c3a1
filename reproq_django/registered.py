"""The tasks of this project: those that the modules of its apps hold."""

import sys
from collections.abc import Iterator
from types import ModuleType

from django.apps import apps
from django.tasks.base import Task
from django.utils.module_loading import autodiscover_modules


def registered_tasks() -> list[Task]:
    """Return the tasks in the packages of the installed apps, by path.

    Imports the `tasks` module of each app; tasks elsewhere are known once something imports them.
    """
    autodiscover_modules("tasks")
    found = {task.module_path: task for module in _modules_of_apps() for task in _tasks_in(module)}
    return [found[path] for path in sorted(found)]


def task_modules() -> list[str]:
    """Return the names of the modules that hold them."""
    return sorted({task.module_path.rpartition(".")[0] for task in registered_tasks()})


def _modules_of_apps() -> Iterator[ModuleType]:
    packages = [config.name for config in apps.get_app_configs()]
    for name, module in list(sys.modules.items()):
        if any(name == package or name.startswith(f"{package}.") for package in packages):
            yield module


def _tasks_in(module: ModuleType) -> Iterator[Task]:
    for value in list(vars(module).values()):
        # One that is only imported here belongs to another module.
        if isinstance(value, Task) and getattr(value.func, "__module__", "") == module.__name__:
            yield value
