"""The census: one task a source file, a report a package, and a service that is not always there.

`from reproq_django import task` is Django's decorator with the options of Reproq. On Django 6.1
`from django.tasks import task` takes them, too.
"""

import time

from reproq_django import task
from reproq_django.exceptions import Retry
from reproq_django.models import TaskRun
from reproq_django.recurring import recurring

from . import sources


# A file that is no Python stays none: no second attempt. Any other error gets two more.
@task(discard_on=SyntaxError, timeout="30s")
def survey(path: str) -> dict[str, int | float]:
    """Count what is in one source file."""
    started = time.perf_counter()
    counts = sources.survey_source((sources.ROOT / path).read_bytes())
    return counts | {"milliseconds": round((time.perf_counter() - started) * 1000, 1)}


# At most two at once for each package, and ten attempts, the pauses between them 200 ms to 2 s.
@task(
    takes_context=True,
    max_attempts=10,
    backoff=("200ms", "2s"),
    retry_on=ConnectionError,
    concurrency_key=lambda package, **_: f"maintainers of {package}",
    concurrency_limit=2,
)
def find_maintainer(context, package: str, refusals: int = 1) -> str:
    """Ask a service that refuses the first calls, and remember in the metadata how often."""
    refused = context.metadata.get("refused", 0)
    if refused < refusals:
        context.metadata["refused"] = refused + 1
        if refused:
            # The service said when to come back, so the backoff does not matter.
            raise Retry(after="300ms")
        raise ConnectionError(f"no answer about {package}")
    return f"{package}@python.example"


# In a queue of its own, where reports never run two at a time, whatever workers there are.
@task(queue_name="reports", lock_key="report", max_attempts=30)
def report(package: str) -> dict[str, int]:
    """Add up what the surveys of one package have found."""
    runs = TaskRun.objects.filter(
        task_path=survey.module_path,
        status=TaskRun.Status.SUCCESSFUL,
        spec_json__args__0__startswith=f"{package}/",
    )
    # The newest run of each file: an earlier census may have left its own.
    newest = {run.spec_args[0]: run.return_json for run in runs.order_by("result_id")}
    if newest.keys() < set(sources.source_files(package)):
        raise Retry(after="1s")
    return {
        "files": len(newest),
        "lines": sum(found["lines"] for found in newest.values()),
        "functions": sum(found["functions"] for found in newest.values()),
        "classes": sum(found["classes"] for found in newest.values()),
    }


@task
def largest_file(package: str) -> dict[str, str | int]:
    """Find the largest source file of a package."""
    sizes = {path: (sources.ROOT / path).stat().st_size for path in sources.source_files(package)}
    path = max(sizes, key=lambda path: sizes[path])
    return {"path": path, "bytes": sizes[path]}


# The second of a chain: its argument is what the first one has returned.
@task(takes_context=True, discard_on=SyntaxError)
def survey_largest(context) -> dict[str, str | int]:
    """Count what is in the file that the run before this one has found."""
    [before] = context.predecessor_results()
    path = before.return_value["path"]
    return {"path": path, **sources.survey_source((sources.ROOT / path).read_bytes())}


# The callback of a chord: it starts when all members have succeeded, and sees their results.
@task(takes_context=True)
def largest_of_all(context) -> dict[str, str | int]:
    """Find the largest of the files that the members have found."""
    return max(
        (each.return_value for each in context.predecessor_results()), key=lambda it: it["bytes"]
    )


# Written to the database by `manage.py migrate`; every worker keeps time.
@recurring(schedule="*/10 * * * *", key="take-stock")
@task
def take_stock() -> int:
    """Count the surveys so far."""
    return TaskRun.objects.filter(
        task_path=survey.module_path, status=TaskRun.Status.SUCCESSFUL
    ).count()
