"""The product's addresses and a view that does nothing."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from mjproxy.urls import urlpatterns as product


def bare(request: HttpRequest) -> HttpResponse:
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [path("bench/bare", bare), *product]
