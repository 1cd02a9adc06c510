"""The pool as its users may see it: which accounts draw, and how busy they are."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.answers import json_answer
from accounts.api.requests import user_of
from accounts.api.snapshots import SnapshotSerializer, snapshot_members
from accounts.enums import AccountState, SpeedMode
from accounts.models import DiscordAccount, User
from accounts.selectors import account_by_id, without_secrets
from tasks.api import examples
from tasks.selectors import load


class PoolAccountSerializer(serializers.Serializer[Any]):
    """An account of the pool. No token is ever shown."""

    id = serializers.CharField()
    channelId = serializers.CharField()
    instanceId = serializers.CharField(help_text="The channel id again.")
    enable = serializers.BooleanField()
    running = serializers.BooleanField(help_text="It is connected and draws.")
    mode = serializers.ChoiceField(SpeedMode.choices, allow_null=True)
    enableMj = serializers.BooleanField()
    enableNiji = serializers.BooleanField()
    coreSize = serializers.IntegerField()
    allowModes = serializers.ListField(child=serializers.ChoiceField(SpeedMode.choices))
    isBlend = serializers.BooleanField()
    isDescribe = serializers.BooleanField()
    isShorten = serializers.BooleanField()
    remixAutoSubmit = serializers.BooleanField()
    mjRemixOn = serializers.BooleanField()
    nijiRemixOn = serializers.BooleanField()
    fastExhausted = serializers.BooleanField()
    # Operators see these as well.
    guildId = serializers.CharField(required=False)
    remark = serializers.CharField(required=False)
    userAgent = serializers.CharField(required=False)
    state = serializers.ChoiceField(AccountState.choices, required=False)
    disabledReason = serializers.CharField(required=False)
    runningCount = serializers.IntegerField(required=False)
    queueCount = serializers.IntegerField(required=False)
    maxQueueSize = serializers.IntegerField(required=False)
    queueSize = serializers.IntegerField(required=False)
    timeoutMinutes = serializers.IntegerField(required=False)
    interval = serializers.FloatField(required=False)
    afterIntervalMin = serializers.FloatField(required=False)
    afterIntervalMax = serializers.FloatField(required=False)
    enableFastToRelax = serializers.BooleanField(required=False)
    enableRelaxToFast = serializers.BooleanField(required=False)
    enableAutoSetRelax = serializers.BooleanField(required=False)
    weight = serializers.IntegerField(required=False)
    sort = serializers.IntegerField(required=False)
    dateCreated = serializers.DateTimeField(required=False)


class FetchedAccountSerializer(SnapshotSerializer, PoolAccountSerializer):
    """An account; operators see what its bots told, too."""


ACCOUNT = {
    "id": "1",
    "channelId": examples.CHANNEL,
    "instanceId": examples.CHANNEL,
    "enable": True,
    "running": True,
    "mode": None,
    "enableMj": True,
    "enableNiji": True,
    "coreSize": 3,
    "allowModes": [],
    "isBlend": True,
    "isDescribe": True,
    "isShorten": True,
    "remixAutoSubmit": False,
    "mjRemixOn": False,
    "nijiRemixOn": False,
    "fastExhausted": False,
}


class PoolListView(APIView):
    @extend_schema(
        operation_id="account_list",
        tags=["account"],
        summary="The accounts that draw",
        responses=PoolAccountSerializer(many=True),
        examples=[examples.answered("pool", [ACCOUNT])],
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
            200: OpenApiResponse(FetchedAccountSerializer, description="The account."),
            204: OpenApiResponse(description="No such account."),
        },
        examples=[examples.answered("account", ACCOUNT)],
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
