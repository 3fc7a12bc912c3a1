"""What the admins of all models share: their database, pages without a count, checked forms."""

from typing import Any
from urllib.parse import parse_qs

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.paginator import Paginator
from django.db import Error, IntegrityError, models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from reproq_worker.errors import from_database

from ..databases import default_alias, queue_aliases

MOST_ROWS = 10_000
"""No list has more rows: counting on would read the whole table."""


def database_of(request: HttpRequest) -> str:
    """The alias of the database that a page looks at: `?database=`, else the default of queues."""
    kept = parse_qs(request.GET.get("_changelist_filters", ""))
    wanted = request.GET.get("database") or next(iter(kept.get("database", [])), None)
    return wanted if wanted in queue_aliases() else default_alias()


class BoundedPaginator(Paginator):
    """Counts no further than to `most_rows`."""

    most_rows = MOST_ROWS

    @cached_property
    def count(self) -> int:
        return self.object_list.order_by()[: self.most_rows].count()


class DatabaseFilter(admin.SimpleListFilter):
    """Shown where several databases hold queues; `database_of()` does what it says."""

    title = _("database")
    parameter_name = "database"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        aliases = queue_aliases()
        return [(alias, alias) for alias in aliases] if len(aliases) > 1 else []

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset

    def choices(self, changelist: Any) -> Any:
        for alias, name in self.lookup_choices:
            yield {
                "selected": alias == (self.value() or default_alias()),
                "query_string": changelist.get_query_string({self.parameter_name: alias}),
                "display": name,
            }


class QueueAdmin(admin.ModelAdmin):
    """The base of all of them."""

    list_filter: Any = [DatabaseFilter]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = BoundedPaginator
    formfield_overrides = {models.TextField: {"widget": AdminTextInputWidget}}

    class Media:
        css = {"all": ["reproq_django/admin.css"]}
        js = ["reproq_django/refresh.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).using(database_of(request))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        shown = {
            "database": database_of(request),
            "databases": queue_aliases(),
            "may_see_overview": request.user.has_perm("reproq_django.view_taskrun"),
        }
        return super().changelist_view(request, shown | (extra_context or {}))

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"database": database_of(request)})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj.save(using=database_of(request), force_insert=not change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        obj.delete(using=database_of(request))


class LookOnly:
    """For what no form writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CheckedForm(forms.ModelForm):
    """Asks the database whether it would take the row: its triggers know every rule."""

    database = ""
    other_names = {"queue": "queue_name", "args": "payload_json", "kwargs": "payload_json"}
    """Fields by what the functions call them."""

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors:
            return
        state = self.instance._state
        before = state.adding, state.db
        try:
            with transaction.atomic(using=self.database):
                self.instance.save(using=self.database, force_insert=before[0])
                transaction.set_rollback(True, using=self.database)
        except Error as error:
            self._add_refusal(error)
        finally:
            state.adding, state.db = before

    def _add_refusal(self, error: Error) -> None:
        """Show what the database said at the field that it names."""
        known = from_database(error)
        if known is None and not isinstance(error, IntegrityError):
            raise error
        message = str(known or error).splitlines()[0]
        field, colon, rest = message.partition(": ")
        name = field.split(".")[0].split("[")[0]
        name = self.other_names.get(name, name)
        self.add_error(name if colon and name in self.fields else None, rest or message)
