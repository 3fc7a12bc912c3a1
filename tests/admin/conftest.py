"""Users with some rights and not with others, and short ways to the pages."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from reproq_django.models import TaskRun

#: What the form of a confirmation says.
SURE = {"post": "yes"}


def url(page: str, *args: object, **query: object) -> str:
    """`url("taskrun_changelist", status="READY")`"""
    return reverse(f"admin:reproq_django_{page}", args=args, query=query)


def act(client: Client, action: str, *runs: int, model: str = "taskrun", **more: str) -> list[str]:
    """Select rows in a list and do this to them; what the page says then."""
    data = {"action": action, "_selected_action": [str(run) for run in runs]} | more
    page = client.post(url(f"{model}_changelist"), data)
    return [str(message) for message in get_messages(page.wsgi_request)]


def status(result_id: int) -> str:
    return TaskRun.objects.values_list("status", flat=True).get(pk=result_id)


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """A client of a staff member with these permissions alone: `staff("view_taskrun")`."""

    def staff(*codenames: str) -> Client:
        user = User.objects.create_user(f"user {User.objects.count()}", is_staff=True)
        rights = Permission.objects.filter(codename__in=codenames)
        assert rights.count() == len(codenames)
        user.user_permissions.set(rights)
        client = Client()
        client.force_login(user)
        return client

    return staff
