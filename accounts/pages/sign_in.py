"""Sign in with a name or mail address and password, with an API key; sign out."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.exceptions import KeyRefused
from accounts.models import User
from accounts.pages import own
from accounts.people.callers import SESSION_KEY, client_ip
from accounts.people.keys import digest, owner_of
from accounts.signup import rules
from mjproxy.lib.web.page import render_page
from mjproxy.lib.web.throttle import WINDOW, forget_tries, too_many_tries


class SignInForm(forms.Form):
    """A name or address with its password, or a key alone."""

    username = forms.CharField(max_length=254, required=False)
    password = forms.CharField(max_length=1000, required=False, strip=False)
    key = forms.CharField(max_length=1000, required=False)


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request)
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, error=_("That is too long."), status=400)
    name, address = form.cleaned_data["username"], client_ip(request)
    if too_many_tries(address=address, name=name):
        minutes = WINDOW // 60
        error = _("Too many tries. Wait %(minutes)s minutes, then try again.")
        said = error % {"minutes": minutes}
        response = _page(request, error=said, name=name, status=429)
        response["Retry-After"] = str(WINDOW)
        return response
    error = _("No active user has this name and password, or this key.")
    try:
        user = _who(request, form)
    except KeyRefused as exc:
        user, error = None, own.said(exc)
    if user is None:
        return _page(request, error=error, name=name, status=403)
    forget_tries(address=address, name=name)
    return _enter(request, user, key=form.cleaned_data["key"])


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


def _who(request: HttpRequest, form: SignInForm) -> User | None:
    data = form.cleaned_data
    if data["key"]:
        found = owner_of([data["key"]], client_ip(request))
        return found[0] if found else None
    user = authenticate(request, username=data["username"], password=data["password"])
    return user if isinstance(user, User) else None


def _enter(request: HttpRequest, user: User, *, key: str) -> HttpResponse:
    """Sign in, after the second factor where the user has one.

    A key that was mailed proves the address, so that is not verified once more.
    """
    if request.user.is_authenticated:
        logout(request)
    request.session.pop(SESSION_KEY, None)
    if key:
        request.session[SESSION_KEY] = digest(key)
    answer: HttpResponse = perform_login(
        request,
        user,
        email_verification="none" if key else None,
        redirect_url=_next(request),
    )
    return answer


def _page(
    request: HttpRequest, *, error: str = "", name: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, object] = {
        "error": error,
        "name": name,
        "next": request.GET.get("next", ""),
        "may_sign_up": rules.is_open(),
    }
    if request.method == "POST":
        context["next"] = request.POST.get("next", "")
        context["with_key"] = bool(request.POST.get("key"))
    return render_page(request, "accounts/sign_in.html", context, status=status)


def _next(request: HttpRequest) -> str:
    """Return the address after sign-in: a page of this host, or the drawing page."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return resolve_url(settings.LOGIN_REDIRECT_URL)
