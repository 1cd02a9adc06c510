"""The frame of a user's own pages: keys, usage, webhooks, data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts.enums import KeyScope
from accounts.exceptions import AccountsError, SecondFactorNeeded
from accounts.people.callers import Asker, asker_in, client_ip
from mjproxy.lib.web.outside_hosts import AnswerNeeded, PendingResponse
from mjproxy.lib.web.page import render_page

P = ParamSpec("P")
OwnPage = Callable[Concatenate[HttpRequest, Asker, P], HttpResponseBase]


def own_page(view: OwnPage[P]) -> Callable[..., HttpResponseBase]:
    """Give a view the user who is signed in; a key must have the scope `account`."""

    @wraps(view)
    @never_cache
    @sensitive_post_parameters()
    @login_required
    def page(
        request: HttpRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        try:
            asker = asker_in(request.session, request.user, client_ip(request))
            if asker is None:
                return redirect("sign-in")
            asker.check(KeyScope.ACCOUNT)
            return view(request, asker, *args, **kwargs)
        except AnswerNeeded as exc:
            return PendingResponse(exc, request.user.pk)
        except SecondFactorNeeded:
            return redirect("mfa_index")
        except AccountsError as exc:
            context = {"error": said(exc)}
            return render_own(request, "me/refused.html", context, status=403)

    return page


def render_own(
    request: HttpRequest,
    template: str,
    context: Mapping[str, object],
    status: int = 200,
) -> HttpResponse:
    """Render one of the pages below /me."""
    return render_page(request, template, context, status=status)


def said(error: AccountsError) -> str:
    """Return an error in the language of the page."""
    return error.zh if (get_language() or "").startswith("zh") else error.en
