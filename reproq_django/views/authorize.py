"""tui/login/ and tui/authorize/: where a superuser lets a terminal in, in a browser."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_deny
from django.views.decorators.csrf import csrf_protect

from .. import access, pairing
from .base import Answered, Refusal, answer_to
from .pairing import refuse_without_token, url

LOGIN = reverse_lazy("reproq:reproq-tui-login")


class TuiPage(View):
    """A page that is not there without METRICS_AUTH_TOKEN, and in nobody's frame."""

    @method_decorator([never_cache, xframe_options_deny, csrf_protect])
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request."""
        try:
            refuse_without_token()
            return super().dispatch(request, *args, **kwargs)
        except (Answered, access.TooManyFailures) as error:
            return answer_to(error, request)


class TuiLoginView(TuiPage, LoginView):
    """Django's login, in our clothes; wrong passwords count as wrong tokens do."""

    template_name = "reproq_tui/login.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Log in."""
        access.check_failures(request)
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Any) -> HttpResponse:
        """Somebody else's password, or none."""
        access.count_failure(self.request)
        return super().form_invalid(form)

    def get_default_redirect_url(self) -> str:
        """Where somebody goes who has come without a link."""
        return url(self.request, "stats")


class AuthorizeView(TuiPage):
    """GET shows the code that the terminal shows; POST lets the terminal in."""

    http_method_names = ("get", "head", "post")

    @method_decorator(login_required(login_url=LOGIN))
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a request."""
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """The code."""
        return self._answer(request, approve=False)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Approve it."""
        return self._answer(request, approve=True)

    def _answer(self, request: HttpRequest, *, approve: bool) -> HttpResponse:
        user: Any = request.user
        if not (user.is_active and user.is_superuser):
            raise Refusal(403, "superuser required")
        code = request.POST.get("code") or request.GET.get("code", "")
        try:
            found = pairing.of_browser(code)
            if approve:
                found.approve(str(user.pk))
            is_approved = approve or found.approved_by() is not None
        except pairing.Expired:
            return render(request, "reproq_tui/authorize.html", {"state": "expired"}, status=404)
        context = {
            "state": "approved" if is_approved else "pending",
            "shown": f"{found.shown[:4]} {found.shown[4:]}".upper(),
            "code": code,
        }
        return render(request, "reproq_tui/authorize.html", context)
