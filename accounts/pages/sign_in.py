"""Sign in with a name and password, or with an API key; sign out."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from accounts.people.callers import client_ip
from accounts.people.keys import digest, user_of_key
from accounts.people.passes import SESSION_KEY
from mjproxy.lib.web.page import render_page
from mjproxy.lib.web.throttle import WINDOW, forget_tries, too_many_tries

_BACKEND = "django.contrib.auth.backends.ModelBackend"


class SignInForm(forms.Form):
    """A name with its password, or a key alone."""

    username = forms.CharField(max_length=150, required=False)
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
        return _page(request, error="That is too long.", status=400)
    name, address = form.cleaned_data["username"], client_ip(request)
    if too_many_tries(address=address, name=name):
        error = f"Too many tries. Wait {WINDOW // 60} minutes, then try again."
        response = _page(request, error=error, name=name, status=429)
        response["Retry-After"] = str(WINDOW)
        return response
    user = _who(request, form)
    if user is None:
        error = "No active user has this name and password, or this key."
        return _page(request, error=error, name=name, status=403)
    forget_tries(address=address, name=name)
    login(request, user, backend=_BACKEND)
    if key := form.cleaned_data["key"]:
        request.session[SESSION_KEY] = digest(key)
    return HttpResponseRedirect(_next(request))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


def _who(request: HttpRequest, form: SignInForm) -> User | None:
    data = form.cleaned_data
    if data["key"]:
        return user_of_key(data["key"])
    user = authenticate(request, username=data["username"], password=data["password"])
    return user if isinstance(user, User) else None


def _page(
    request: HttpRequest, *, error: str = "", name: str = "", status: int = 200
) -> HttpResponse:
    context: dict[str, object] = {
        "error": error,
        "name": name,
        "next": request.GET.get("next", ""),
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
