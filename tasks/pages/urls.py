"""Addresses of the pages of this app."""

from __future__ import annotations

from django.urls import URLPattern, path

from tasks.pages.brought import brought_picture
from tasks.pages.data import data, delete, export
from tasks.pages.draw import draw
from tasks.pages.pictures import picture
from tasks.pages.usage import usage
from tasks.pages.webhooks import new_secret, resend_call, webhooks

urlpatterns: list[URLPattern] = [
    path("", draw, name="draw"),
    path("me/usage", usage, name="my-usage"),
    path("me/webhooks", webhooks, name="my-webhooks"),
    path("me/webhooks/secret", new_secret, name="new-webhook-secret"),
    path("me/webhooks/<int:call_id>/resend", resend_call, name="resend-my-call"),
    path("me/data", data, name="my-data"),
    path("me/data/export", export, name="my-export"),
    path("me/data/delete", delete, name="delete-me"),
    path("me/brought/<int:picture_id>", brought_picture, name="brought-picture"),
    path("images/<int:task_id>/<str:name>", picture, name="picture"),
]
