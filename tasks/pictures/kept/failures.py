"""Errors of a storage, said in words that an operator can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_CODES: Final = {
    "AccessDenied": "The key may not do that in this bucket.",
    "AllAccessDisabled": "The key may not do that in this bucket.",
    "403": "The key may not do that in this bucket.",
    "InvalidAccessKeyId": "The service does not know the access key.",
    "SignatureDoesNotMatch": "The secret key is wrong, or the region.",
    "NoSuchBucket": "There is no such bucket.",
    "RequestTimeTooSkewed": "The clock of this server is off.",
    "AuthorizationHeaderMalformed": "The bucket is in another region.",
    "IllegalLocationConstraintException": "The bucket is in another region.",
    "PermanentRedirect": "The bucket is in another region, or at another endpoint.",
    "TemporaryRedirect": "The bucket is in another region, or at another endpoint.",
    "301": "The bucket is in another region, or at another endpoint.",
    "307": "The bucket is in another region, or at another endpoint.",
    "SlowDown": "The service asks for fewer requests.",
    "503": "The service is not available.",
    "500": "The service has an error of its own.",
    "SecondLevelDomainForbidden": "The service wants the bucket's name in the host.",
}
_KINDS: Final = {
    "ConnectTimeoutError": "The service does not take a connection in time.",
    "ReadTimeoutError": "The service does not answer in time.",
    "EndpointConnectionError": "The service cannot be reached.",
    "ConnectionClosedError": "The service closed the connection.",
    "ProxyConnectionError": "The proxy of this machine cannot be reached.",
    "SSLError": "The service's certificate is not trusted.",
    "ResponseParserError": "The answer is not that of an S3 service.",
    "IncompleteReadError": "The service sent less than it announced.",
    # botocore asks for the region again and again if a redirect does not name it.
    "RecursionError": "The bucket is in another region, or at another endpoint.",
    "ParamValidationError": "The name of the bucket is not valid.",
}


class NotUsable(Exception):
    """A storage cannot be used now; the message is for people and holds no secret."""


class Missing(Exception):
    """The storage has nothing under this name."""


@contextmanager
def in_words() -> Iterator[None]:
    """Turn errors of a storage's library into Missing and NotUsable."""
    try:
        yield
    except (Missing, NotUsable):
        raise
    except FileNotFoundError as exc:
        raise Missing from exc
    except Exception as exc:  # the libraries raise many kinds of errors
        raise _said(exc) from exc


def _said(exc: Exception) -> Exception:
    response: Any = getattr(exc, "response", None)
    if isinstance(response, dict):  # botocore's ClientError
        # Only the code: messages of services repeat keys and addresses.
        code = "".join(c for c in str(_code(response))[:60] if c.isprintable())
        if code in ("NoSuchKey", "404"):
            return Missing()
        text = _CODES.get(code, "The service refuses it.")
        return NotUsable(f"{text} ({code})")
    kind = type(exc).__name__
    if isinstance(exc, OSError) and exc.strerror:
        return NotUsable(exc.strerror)
    return NotUsable(_KINDS.get(kind, f"The answer cannot be used ({kind})."))


def _code(response: dict[str, Any]) -> Any:
    error = response.get("Error")
    found = error.get("Code") if isinstance(error, dict) else None
    return found or response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
