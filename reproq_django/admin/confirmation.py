"""Asking before something is deleted, as Django does: the same form, the same answer.

Django's own page gathers whatever hangs on the objects, row by row. Here nothing does, so the page
costs the same with a million runs: it shows the first of those that were selected.
"""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from .base import database_of
from .display import admin_url

SHOWN = 20


def is_given(request: HttpRequest) -> bool:
    """Whether somebody has said yes on the page."""
    return bool(request.POST.get("post"))


def page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    objects: Sequence[Any],
    words: Callable[[Any], Any],
    *,
    action: str,
    question: str,
    note: str = "",
) -> HttpResponse:
    """The page that asks; its form sends the same action again, for these objects alone."""
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Are you sure?"),
        "opts": model_admin.opts,
        "media": model_admin.media,
        "database": database_of(request),
        "question": question,
        "note": note,
        "shown": [words(each) for each in objects[:SHOWN]],
        "left_out": max(0, len(objects) - SHOWN),
        "keys": [each.pk for each in objects],
        "checkbox": ACTION_CHECKBOX_NAME,
        "action": action,
        "back_url": _back(model_admin.admin_site, request, objects[0]),
    }
    request.current_app = model_admin.admin_site.name
    return render(request, "admin/reproq_django/confirmation.html", context)


def _back(site: AdminSite, request: HttpRequest, first: Model) -> str:
    """Where the question came from: a list as it was filtered, or the page of the one object."""
    if request.resolver_match and request.resolver_match.url_name == "reproq_django_taskrun_act":
        return admin_url(site, "taskrun_change", first.pk, database=database_of(request))
    return request.get_full_path()
