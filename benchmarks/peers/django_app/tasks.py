"""The task of the Django systems."""

from django.tasks import task

from benchmarks.peers.work import work


@task
def noop(number: int) -> None:
    """Do nothing."""
    work(number)
