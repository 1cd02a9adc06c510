"""Addresses of the pages of this app."""

from __future__ import annotations

from django.urls import URLPattern, path

from tasks.pages.draw import draw
from tasks.pages.pictures import picture

urlpatterns: list[URLPattern] = [
    path("", draw, name="draw"),
    path("images/<int:task_id>/<str:name>", picture, name="picture"),
]
