"""Views for users: the accounts of the pool and their load."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.api.examples import ACCOUNT
from accounts.api.requests import user_of
from accounts.models import DiscordAccount
from accounts.selectors import account_by_id, without_secrets
from accounts.wire.account import (
    RELATED,
    FetchedAccountSerializer,
    PoolAccountSerializer,
    accounts_json,
)
from mjproxy.lib.dialect.answers import compressed, json_answer
from mjproxy.lib.dialect.examples import answered


@compressed
class PoolListView(APIView):
    @extend_schema(
        operation_id="account_list",
        tags=["account"],
        summary="The accounts that draw",
        responses=PoolAccountSerializer(many=True),
        examples=[answered("pool", [ACCOUNT])],
    )
    def get(self, request: Request, mode: str = "") -> HttpResponse:
        viewer = user_of(request)
        accounts = without_secrets(DiscordAccount.objects.all())
        if viewer.is_operator:
            accounts = accounts.prefetch_related(*RELATED)
        return json_answer(accounts_json(accounts, viewer, whole=False))


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
        examples=[answered("account", ACCOUNT)],
    )
    def get(self, request: Request, account_id: str, mode: str = "") -> HttpResponse:
        account = account_by_id(account_id)
        if account is None:
            return HttpResponse(status=204)
        return json_answer(accounts_json([account], user_of(request), whole=True)[0])
