"""The admin in a real browser: in light and dark, refreshing in place, and without scripts."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from reproq_django.models import TaskRun
from tests.admin import scene
from tests.harness.machine import chromium
from tests.shop import tasks

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
#: Where the pictures of the pages go, for who wants to look at them.
PICTURES = os.environ.get("REPROQ_PICTURES")


@pytest.fixture
def browser(monkeypatch):
    path = chromium()
    if path is None:
        pytest.skip("no Chromium on this machine")
    # The driver runs an event loop in this thread.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()
        # To Django a thread with a running loop is another place, with connections of its own.
        connections.close_all()


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
    # What a page still asks for would keep a connection of the server open.
    for context in browser.contexts:
        context.close()
    assert complaints == []


def picture(page, name):
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def test_pages_in_light_and_dark(open_page):
    day = scene.build()
    # (A long figure.)
    TaskRun.objects.filter(status="READY").update(enqueued_at=now() - timedelta(seconds=683))
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
        for scheme, dark in (("light", False), ("dark", True)):
            page = open_page(*args, scheme=scheme)
            picture(page, f"{name}-{scheme}")
            assert is_dark(page, "document.body", "backgroundColor") is dark, name
            assert is_dark(page, "document.body", "color") is not dark, name
            assert not sticks_out(page), name
            assert page.evaluate(CROSSES_ITS_TILE) == [], name
            page.context.close()
    narrow = open_page("overview", width=420)
    picture(narrow, "overview-narrow")
    assert not sticks_out(narrow)
    assert narrow.evaluate("document.querySelector('.reproq-plot svg').clientWidth") > 300


CROSSES_ITS_TILE = """
Array.from(document.querySelectorAll(".reproq-tile b"))
    .filter(b => {
        const text = document.createRange();
        text.selectNodeContents(b);
        return text.getBoundingClientRect().right > b.parentElement.getBoundingClientRect().right;
    })
    .map(b => b.textContent)
"""


def sticks_out(page):
    """Whether anything is wider than the window."""
    page_width = "document.documentElement.scrollWidth"
    return page.evaluate(f"{page_width} > document.documentElement.clientWidth")


def is_dark(page, element, kind):
    red, green, blue = page.evaluate(
        f"getComputedStyle({element}).{kind}.match(/[0-9]+/g).slice(0, 3).map(Number)"
    )
    return red + green + blue < 3 * 128


def test_the_overview_refreshes_in_place_until_it_is_paused(open_page):
    scene.build(many=50)
    page = open_page("overview")
    ready = page.locator(".reproq-tile-ready b").first
    assert ready.inner_text() == "53"
    page.evaluate("document.body.dataset.same = 'page'")
    page.locator("#reproq-queue-1").focus()
    tasks.add.enqueue("one more")
    playwright.expect(ready).to_have_text("54", timeout=20_000)
    # The page was not loaded anew, and whoever goes through it by keyboard is where they were.
    assert page.evaluate("document.body.dataset.same") == "page"
    assert page.evaluate("document.activeElement.id") == "reproq-queue-1"

    pause = page.get_by_role("button", name="Pause refreshing")
    pause.click()
    again = page.get_by_role("button", name="Refresh again")
    playwright.expect(again).to_have_attribute("aria-pressed", "true")
    tasks.add.enqueue("another one")
    page.wait_for_timeout(6_000)
    assert ready.inner_text() == "54"
    again.click()
    playwright.expect(ready).to_have_text("55", timeout=20_000)


def test_without_scripts_everything_is_there(open_page):
    scene.build(many=50)
    page = open_page("overview", scripts=False)
    assert page.locator(".reproq-tile").count() == 8
    assert page.locator("svg[role=img]").count() == 4
    assert not page.get_by_role("button", name="Pause refreshing").is_visible()
    page.get_by_role("button", name="Pause queue default").click()
    assert page.get_by_role("button", name="Resume queue default").is_visible()


def test_a_failed_run_is_retried_from_its_page(open_page):
    day = scene.build(many=50)
    page = open_page("taskrun_change", day.failing.result_id)
    assert page.locator("pre", has_text="CardDeclined").first.is_visible()
    page.get_by_role("button", name="Retry").click()
    assert page.get_by_text("1 run retried.").is_visible()
    assert page.locator(".reproq-headline .reproq-ready").is_visible()
    assert page.get_by_role("heading", name="Why it is not done").is_visible()


def test_who_deletes_is_asked_first(open_page):
    day = scene.build(many=50)
    page = open_page("taskrun_change", day.failing.result_id, scheme="dark")
    page.get_by_role("button", name="Delete").click()
    assert page.get_by_text("Delete this run, with its arguments").is_visible()
    picture(page, "confirmation-dark")
    assert not sticks_out(page)
    page.get_by_role("button", name="No, take me back").click()
    page.wait_for_url(f"**/{day.failing.result_id}/change/")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Yes, I’m sure").click()
    playwright.expect(page.get_by_text("1 run deleted.")).to_be_visible()

    page = open_page("taskrun_changelist", width=420)
    page.goto(f"{page.url}?status=SUCCESSFUL")
    page.locator("#action-toggle").click()
    page.select_option("select[name=action]", "delete_selected_tasks")
    page.locator("button[name=index]").click()
    assert page.get_by_text("runs, with their arguments").is_visible()
    picture(page, "confirmation-narrow")
    assert not sticks_out(page)
    page.get_by_role("button", name="Yes, I’m sure").click()
    playwright.expect(page.get_by_text(" runs deleted.")).to_be_visible()
