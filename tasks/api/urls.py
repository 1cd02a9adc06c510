"""Addresses under each /mj prefix that this app serves."""

from __future__ import annotations

from django.urls import path

from tasks.api.admin_task_views import AdminTasksView, AdminTaskView
from tasks.api.banned_word_views import (
    BannedWordsView,
    BannedWordView,
    SaveBannedWordView,
)
from tasks.api.button_views import (
    ActionView,
    ChangeView,
    ModalView,
    SimpleChangeView,
)
from tasks.api.errand_views import SeedView, UploadView
from tasks.api.home_view import HomeView
from tasks.api.move_views import PlusMigrationView
from tasks.api.submit_views import (
    BlendView,
    DescribeView,
    EditsView,
    EditView,
    ImagineView,
    RetextureView,
    ShortenView,
    ShowView,
    VideoView,
)
from tasks.api.swap_views import SwapView, VideoSwapView
from tasks.api.task_views import (
    TaskCancelView,
    TaskFetchView,
    TaskListView,
    TaskQueueView,
    TasksByIdView,
)

urlpatterns = [
    path("submit/imagine", ImagineView.as_view()),
    path("submit/blend", BlendView.as_view()),
    path("submit/describe", DescribeView.as_view()),
    path("submit/shorten", ShortenView.as_view()),
    path("submit/show", ShowView.as_view()),
    path("submit/video", VideoView.as_view()),
    path("submit/edits", EditsView.as_view()),
    path("submit/edit", EditView.as_view()),
    path("submit/retexture", RetextureView.as_view()),
    path("submit/upload-discord-images", UploadView.as_view()),
    path("submit/action", ActionView.as_view()),
    path("submit/modal", ModalView.as_view()),
    path("submit/change", ChangeView.as_view()),
    path("submit/simple-change", SimpleChangeView.as_view()),
    path("insight-face/swap", SwapView.as_view()),
    path("insight-face/video-swap", VideoSwapView.as_view()),
    path("task/<task_id>/fetch", TaskFetchView.as_view()),
    path("task/<task_id>/cancel", TaskCancelView.as_view()),
    path("task/<task_id>/image-seed", SeedView.as_view()),
    path("task/list", TaskListView.as_view()),
    path("task/queue", TaskQueueView.as_view()),
    path("task/list-by-condition", TasksByIdView.as_view()),
    path("task/list-by-ids", TasksByIdView.as_view()),
    path("home", HomeView.as_view()),
    path("admin/tasks", AdminTasksView.as_view()),
    path("admin/task/<task_id>", AdminTaskView.as_view()),
    path("admin/mjplus-migration", PlusMigrationView.as_view()),
    path("admin/banned-words", BannedWordsView.as_view()),
    path("admin/banned-word", SaveBannedWordView.as_view()),
    path("admin/banned-word/<group_id>", BannedWordView.as_view()),
]
