"""Addresses under each /mj prefix that this app serves."""

from __future__ import annotations

from django.urls import path

from gateway.stream import TaskStreamView

urlpatterns = [path("task/<task_id>/stream", TaskStreamView.as_view())]
