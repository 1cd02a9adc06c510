"""The pool as its users may see it: which accounts draw, and how busy they are."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.requests import user_of
from accounts.models import DiscordAccount
from accounts.selectors import account_by_id, without_secrets
from accounts.wire.account import (
    RELATED,
    FetchedAccountSerializer,
    PoolAccountSerializer,
    account_json,
)
from mjproxy.lib.dialect.answers import compressed, json_answer
from tasks.api.shapes import examples
from tasks.load import load

ACCOUNT: Final[dict[str, Any]] = {
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


# What operators see of it.
OPERATORS_ACCOUNT: Final = ACCOUNT | {
    "guildId": "1118138338562560101",
    "userToken": "****",
    "remark": "first",
    "group": "night",
    "subChannels": [f"https://discord.com/channels/1118138338562560101/{'3' * 19}"],
    "subChannelValues": {"3" * 19: "1118138338562560101"},
    "workTime": "09:00-17:30, 22:00-02:00",
    "fishingTime": "",
    "isAcceptNewTask": True,
    "dayDrawLimit": -1,
    "dayDrawCount": 12,
    "maxQueueSize": 100,
    "interval": 1.2,
    "state": "ready",
    "disabledReason": "",
    "lock": False,
    "runningCount": 1,
    "queueCount": 0,
    "dateCreated": "2026-11-18T11:06:40+00:00",
    "displays": {"mode": "Fast"},
}


@compressed
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
        viewer = user_of(request)
        accounts = without_secrets(DiscordAccount.objects.all())
        if viewer.is_operator:
            accounts = accounts.prefetch_related(*RELATED)
        return json_answer(
            [
                account_json(
                    account,
                    viewer,
                    running=running.get(account.pk, 0),
                    queued=queued.get(account.pk, 0),
                    whole=False,
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
        shown = account_json(
            account,
            user_of(request),
            running=running.get(account.pk, 0),
            queued=queued.get(account.pk, 0),
            whole=True,
        )
        return json_answer(shown)
