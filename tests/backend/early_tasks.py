"""A task in a module that is imported before django.setup()."""

from reproq_django import task


@task
def early():
    pass
