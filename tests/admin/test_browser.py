"""The admin in a real browser: in light and dark, refreshing in place, and without scripts."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.admin import scene
from tests.harness.machine import chromium

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: Where the pictures of the pages go, for who wants to look at them.
PICTURES = os.environ.get("REPROQ_PICTURES")


@pytest.fixture
def browser(monkeypatch):
    from playwright.sync_api import sync_playwright

    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine")
    # The driver runs an event loop in this thread.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, live_server, admin_user):
    """Opens a page of the admin as a superuser; whatever it complains of fails the test."""
    client = Client()
    client.force_login(admin_user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    complaints = []

    def open_page(name, *args, scheme="light", width=1280, scripts=True):
        context = browser.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
        )
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text)
                if said.type == "error" and "favicon" not in said.location["url"]
                else None
            ),
        )
        page.goto(live_server.url + reverse(f"admin:reproq_django_{name}", args=args))
        return page

    yield open_page
    assert complaints == []


def picture(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def background(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_pages_in_light_and_dark(open_page):
    day = scene.build()
    pages = {
        "overview": ("overview",),
        "failed": ("taskrun_change", day.failing.result_id),
        "running": ("taskrun_change", day.running[0].result_id),
        "runs": ("taskrun_changelist",),
        "workflow": ("workflowrun_change", day.workflow_id),
        "limits": ("ratelimit_changelist",),
        "schedule": ("periodictask_change", "nightly report"),
        "workers": ("worker_changelist",),
    }
    for name, args in pages.items():
        for scheme in ("light", "dark"):
            page = open_page(*args, scheme=scheme)
            picture(page, f"{name}-{scheme}")
            page.context.close()
