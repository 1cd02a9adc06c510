"""The address to which payment services report. Their signature is the key."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.credits.payments import WAYS, take_in
from accounts.credits.ways.base import WrongReport

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def payment_report(request: HttpRequest, way: str) -> HttpResponse:
    """Take in a report. The service repeats one that is not answered with 200."""
    found = WAYS.get(way)
    if found is None:
        raise Http404
    try:
        report = found.read(request.body, request.headers)
    except WrongReport as exc:
        logger.warning("a report of %s was refused: %s", found.name, exc)
        return HttpResponse("wrong report", status=400, content_type="text/plain")
    if report:
        take_in(found, report)
    return HttpResponse(found.receipt, content_type="text/plain")
