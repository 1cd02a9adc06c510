"""Addresses under each /mj prefix that this app serves."""

from __future__ import annotations

from django.urls import path

from tasks.api.pool_views import PoolFetchView, PoolListView
from tasks.api.submit_views import (
    ActionView,
    ChangeView,
    ImagineView,
    SimpleChangeView,
)
from tasks.api.task_views import (
    TaskCancelView,
    TaskFetchView,
    TaskListView,
    TaskQueueView,
    TasksByIdView,
)

urlpatterns = [
    path("submit/imagine", ImagineView.as_view()),
    path("submit/action", ActionView.as_view()),
    path("submit/change", ChangeView.as_view()),
    path("submit/simple-change", SimpleChangeView.as_view()),
    path("task/<task_id>/fetch", TaskFetchView.as_view()),
    path("task/<task_id>/cancel", TaskCancelView.as_view()),
    path("task/list", TaskListView.as_view()),
    path("task/queue", TaskQueueView.as_view()),
    path("task/list-by-condition", TasksByIdView.as_view()),
    path("task/list-by-ids", TasksByIdView.as_view()),
    path("account/list", PoolListView.as_view()),
    path("account/<account_id>/fetch", PoolFetchView.as_view()),
]
