"""The pool as its users may see it: which accounts draw, and how busy they are."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.answers import json_answer
from accounts.api.requests import user_of
from accounts.api.snapshots import snapshot_members
from accounts.models import DiscordAccount, User
from accounts.selectors import account_by_id, without_secrets
from tasks.selectors import load


class PoolAccountSerializer(serializers.Serializer[Any]):
    """An account of the pool; operators see more keys. No token is ever shown."""

    id = serializers.CharField()
    channelId = serializers.CharField()
    instanceId = serializers.CharField(help_text="The channel id again.")
    enable = serializers.BooleanField()
    running = serializers.BooleanField(help_text="It is connected and draws.")
    mode = serializers.CharField(allow_null=True)
    coreSize = serializers.IntegerField()


class PoolListView(APIView):
    @extend_schema(
        operation_id="account_list",
        tags=["account"],
        summary="The accounts that draw",
        responses=PoolAccountSerializer(many=True),
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        running, queued = load()
        accounts = without_secrets(DiscordAccount.objects.all())
        return json_answer(
            [
                account_json(
                    account,
                    user_of(request),
                    running=running.get(account.pk, 0),
                    queued=queued.get(account.pk, 0),
                )
                for account in accounts
            ]
        )


class PoolFetchView(APIView):
    @extend_schema(
        operation_id="account_fetch",
        tags=["account"],
        summary="One account, by its id or its channel",
        parameters=[OpenApiParameter("account_id", str, OpenApiParameter.PATH)],
        responses={
            200: PoolAccountSerializer,
            204: OpenApiResponse(description="No such account."),
        },
    )
    def get(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account = account_by_id(account_id)
        if account is None:
            return HttpResponse(status=204)
        running, queued = load()
        viewer = user_of(request)
        shown = account_json(
            account,
            viewer,
            running=running.get(account.pk, 0),
            queued=queued.get(account.pk, 0),
        )
        more = snapshot_members(account) if viewer.is_operator else {}
        return json_answer(shown | more)


def account_json(
    account: DiscordAccount, viewer: User, *, running: int, queued: int
) -> dict[str, Any]:
    """Return what `viewer` may know of an account."""
    shown = {
        "id": str(account.pk),
        "channelId": account.channel_id,
        "instanceId": account.channel_id,
        "enable": account.enabled,
        "running": account.is_ready,
        "mode": account.mode or None,
        "enableMj": account.enable_mj,
        "enableNiji": account.enable_niji,
        "coreSize": account.core_size,
        "allowModes": account.allow_modes,
        "isBlend": account.is_blend,
        "isDescribe": account.is_describe,
        "isShorten": account.is_shorten,
        "remixAutoSubmit": account.remix_auto_submit,
        "mjRemixOn": account.mj_remix_on,
        "nijiRemixOn": account.niji_remix_on,
        "fastExhausted": account.fast_exhausted,
    }
    if not viewer.is_operator:
        return shown
    return shown | {
        "guildId": account.guild_id,
        "remark": account.remark,
        "userAgent": account.user_agent,
        "state": account.state,
        "disabledReason": account.state_reason,
        "runningCount": running,
        "queueCount": queued,
        "maxQueueSize": account.max_queue_size,
        "queueSize": account.max_queue_size,
        "timeoutMinutes": account.timeout_minutes,
        "interval": account.interval,
        "afterIntervalMin": account.after_interval_min,
        "afterIntervalMax": account.after_interval_max,
        "enableFastToRelax": account.enable_fast_to_relax,
        "enableRelaxToFast": account.enable_relax_to_fast,
        "enableAutoSetRelax": account.enable_auto_set_relax,
        "weight": account.weight,
        "sort": account.sort,
        "dateCreated": account.created_at.isoformat(),
    }
