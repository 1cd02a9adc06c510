"""The ASGI application: HTTP, WebSockets, and the channels of the gateway worker."""

from __future__ import annotations

import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mjproxy.settings")
django.setup(set_prefix=False)

# Django must be set up before anything that imports models.
from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import (  # noqa: E402
    ChannelNameRouter,
    ProtocolTypeRouter,
    URLRouter,
)
from django.conf import settings  # noqa: E402
from django.urls import get_resolver, re_path  # noqa: E402

from gateway.live.routing import channel_routes, websocket_urlpatterns  # noqa: E402
from mjproxy.health import views  # noqa: E402
from mjproxy.lib.db import snapshot, time_limits  # noqa: E402
from mjproxy.lib.process import garbage, nudge  # noqa: E402
from mjproxy.web.asgi_handlers import (  # noqa: E402
    THREADS,
    BodyCap,
    ClientDisconnectMiddleware,
    OneHopHandler,
    PooledSync,
    SeparatePool,
)
from mjproxy.web.body_limits import body_limit  # noqa: E402
from mjproxy.web.forwarded import ForwardedHeadersMiddleware  # noqa: E402
from mjproxy.web.static_files import with_static_files  # noqa: E402


async def unknown_socket(scope: Any, receive: Any, send: Any) -> None:
    """Refuse a WebSocket at an unknown address."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})


_unknown: Any = unknown_socket
time_limits.bind(time_limits.REQUESTS)
_request_pool = PooledSync(OneHopHandler(THREADS), part=THREADS)
_health_pool = PooledSync(OneHopHandler(), size=2)
_router: Any = ProtocolTypeRouter(
    {
        "http": with_static_files(
            BodyCap(
                ClientDisconnectMiddleware(
                    SeparatePool(_health_pool, views.PATHS, _request_pool)
                ),
                body_limit,
            )
        ),
        "websocket": AuthMiddlewareStack(
            URLRouter([*websocket_urlpatterns, re_path(r"", _unknown)])
        ),
        "channel": ChannelNameRouter(channel_routes),
    }
)
application = ForwardedHeadersMiddleware(_router, settings.TRUSTED_PROXIES)

# Import the views now, so that the first request does not pay for it.
_ = get_resolver().url_patterns
garbage.freeze()

snapshot.keep_fresh()
nudge.connect()  # so that the first submit does not wait for it
