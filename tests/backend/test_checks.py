"""`manage.py check`: what is wrong in the settings, and with `--database` in the schema."""

import pytest
from django.core.checks import run_checks
from django.db import connection
from django.test import override_settings

from reproq_django.checks import check_schema

pytestmark = [pytest.mark.django, pytest.mark.django_db]


def ids(*databases):
    return [message.id for message in check_schema(databases=databases)]


def test_a_fresh_schema_is_well():
    assert ids("default") == []
    assert run_checks(databases=["default"]) == []


def test_it_asks_only_when_told_to_and_only_databases_with_queues():
    assert ids() == ids("queues") == []
    with override_settings(REPROQ_QUEUE_DATABASES=["wrong"]):
        assert ids("default") == []


@pytest.mark.breaks_invariants
def test_a_missing_function_is_found():
    with connection.cursor() as cursor:
        cursor.execute("update reproq_functions set digest = 'old' where name = 'reproq_stats'")
    assert ids("default") == ["reproq.W012"]


@pytest.mark.breaks_invariants
def test_without_a_schema_it_says_what_to_run():
    with connection.cursor() as cursor:
        cursor.execute("create schema empty; set local search_path = empty")
    [message] = check_schema(databases=["default"])
    assert (message.id, message.hint) == (
        "reproq.W011",
        "Run manage.py migrate --database default.",
    )


@pytest.mark.breaks_invariants
def test_who_is_migrating_is_not_advised_to(monkeypatch):
    with connection.cursor() as cursor:
        cursor.execute("create schema empty; set local search_path = empty")
    monkeypatch.setattr("sys.argv", ["manage.py", "migrate"])
    assert check_schema(databases=["default"]) == []


BACKEND = {"BACKEND": "reproq_django.backend.ReproqBackend"}


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({}, []),
        ({"METRICS_AUTH_TOKEN": "x" * 32}, []),
        ({"METRICS_AUTH_TOKEN": "x" * 31}, ["reproq.W007"]),
        ({"REPROQ_QUEUE_DATABASES": {"any": "queues"}}, []),
        (
            {
                "REPROQ_QUEUE_DATABASES": {"mial": "queues", "bulk-*": "queues"},
                "TASKS": {
                    "default": BACKEND | {"QUEUES": ["default", "mail"]},
                    "other": BACKEND | {"QUEUES": ["other"]},
                },
            },
            ["reproq.W006"],
        ),
        (
            {"REPROQ_QUEUE_DATABASES": {"mial": "queues"}, "TASKS": {"default": BACKEND}},
            ["reproq.W006"],
        ),
        ({"ALLOWED_TASK_MODULES": "*"}, []),
    ],
)
def test_settings_are_looked_at_without_a_query(wrong, found, django_assert_num_queries):
    with override_settings(**wrong), django_assert_num_queries(0):
        assert [message.id for message in run_checks()] == found


def test_what_is_fine_at_home_is_said_before_a_deployment():
    with override_settings(ALLOWED_TASK_MODULES="*"):
        assert "reproq.W008" in [m.id for m in run_checks(include_deployment_checks=True)]


def test_an_isolation_that_refuses_most_calls_is_told(monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", {"isolation_level": 4})
    assert [message.id for message in run_checks()] == ["reproq.W009"]
