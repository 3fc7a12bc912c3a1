"""The queue in Django's admin: an overview, and a page for every model.

The admin never writes a run: what it does to runs, the SQL functions do. For an admin site of your
own register the classes there: `site.register(TaskRun, TaskRunAdmin)`.
"""

from .limits import RateLimitAdmin
from .queues import QueueControlAdmin
from .runs import TaskRunAdmin
from .schedules import PeriodicTaskAdmin
from .workers import WorkerAdmin
from .workflows import WorkflowRunAdmin

__all__ = [
    "PeriodicTaskAdmin",
    "QueueControlAdmin",
    "RateLimitAdmin",
    "TaskRunAdmin",
    "WorkerAdmin",
    "WorkflowRunAdmin",
]
