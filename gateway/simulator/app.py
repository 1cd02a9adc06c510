"""Assemble the simulator: its shared state, its parts and its HTTP routes."""

import asyncio

from aiohttp import web

from gateway.simulator.base.clock import Clock
from gateway.simulator.base.config import Config
from gateway.simulator.base.ids import Ids
from gateway.simulator.bot.bot import Bot
from gateway.simulator.control.control import Control
from gateway.simulator.control.gateway_control import GatewayControl
from gateway.simulator.control.noise import Noise
from gateway.simulator.control.verifier import Verifier
from gateway.simulator.discord.cdn import Cdn
from gateway.simulator.discord.gateway import Hub
from gateway.simulator.discord.inpaint import Inpaint
from gateway.simulator.discord.intake import Intake
from gateway.simulator.discord.rest import Rest
from gateway.simulator.discord.uploads import Uploads
from gateway.simulator.http.access import Access, Handler
from gateway.simulator.jobs import media
from gateway.simulator.jobs.results import rehome
from gateway.simulator.services.bucket import Bucket
from gateway.simulator.services.translator import Translator
from gateway.simulator.state.accounts import default_accounts
from gateway.simulator.state.core import Core
from gateway.simulator.state.events import Outbox
from gateway.simulator.state.knobs import Knobs
from gateway.simulator.state.ledger import Ledger
from gateway.simulator.state.rules import Rules
from gateway.simulator.state.store import Store
from gateway.simulator.state.world import World
from gateway.simulator.swaps.provider import Provider

__all__ = ["Config", "Simulator"]


class Simulator:
    """Simulator: one Discord with both bots, on one port."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.core = _core(self.config)
        self.hub = Hub(self.core)
        self.core.outbox.deliver = self.hub.deliver
        self.bot = Bot(self.core)
        self.rest = Rest(self.core, self.bot)
        self.uploads = Uploads(self.core, self.rest)
        self.cdn = Cdn(self.core)
        self.verifier = Verifier(self.core, self.bot.verification)
        self.swaps = Provider(self.core)
        self.noise = Noise(self.core, self.hub, self.bot)
        self._runner: web.AppRunner | None = None
        self._humming: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The base address, without a slash at its end."""
        return self.core.url

    async def start(self) -> None:
        """Start to listen; `url` is known afterwards."""
        self._runner = web.AppRunner(
            self._app(),
            access_log=None,
            shutdown_timeout=1.0,
            handler_cancellation=True,
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.config.host, self.config.port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.core.url = f"http://{host}:{port}"
        rehome(self.core)
        for job in self.core.world.jobs.values():
            media.remember(self.core, job.prompt)
        self._humming = asyncio.create_task(self.noise.run())

    async def stop(self) -> None:
        """Stop listening, close the sockets and the state file."""
        if self._humming is not None:
            self._humming.cancel()
        await self.bot.stop()
        await self.verifier.stop()
        await self.swaps.stop()
        await self.hub.shut()
        if self._runner is not None:
            await self._runner.cleanup()
        self.core.store.close()

    def _app(self) -> web.Application:
        access = Access(self.core)

        @web.middleware
        async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await access(request, handler)

        app = web.Application(middlewares=[checked], client_max_size=64 << 20)
        for route, handler in self._routes().items():
            method, path = route.split(" ", 1)
            app.router.add_route(method, path, handler)
        return app

    def _routes(self) -> dict[str, Handler]:
        routes: dict[str, Handler] = {}
        api = {**self.rest.routes(), **self.uploads.routes()}
        intake = Intake(self.core, self.hub, self.bot)
        for prefix in ("/api/v9", "/api/v10"):
            routes[f"POST {prefix}/interactions"] = intake.post
            for route, handler in api.items():
                method, path = route.split(" ", 1)
                routes[f"{method} {prefix}{path}"] = handler
        for path in ("/", "/gateway", "/gateway/", "/gateway-resume"):
            routes[f"GET {path}"] = self._socket
        routes["GET /gateway-resume/"] = self._socket
        routes.update(self.cdn.routes())
        routes["PUT /upload/{folder}/{filename}"] = self.uploads.put
        routes.update(Inpaint(self.core, self.bot).routes())
        routes.update(self.bot.verification.routes())
        routes.update(self.verifier.routes())
        routes.update(self.swaps.routes())
        routes.update(Translator().routes())
        routes.update(Bucket(self.config.bucket, self.core.ids).routes())
        routes.update(GatewayControl(self.core, self.hub).routes())
        routes.update(Control(self.core, self.hub, self.cdn, self.noise).routes())
        return routes

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(text="a simulator of Discord and Midjourney\n")
        return await self.hub.endpoint(request)


def _core(config: Config) -> Core:
    world = World()
    for spec in default_accounts(config.accounts):
        world.add_account(spec)
    store = Store(config.state)
    unfinished = store.open(world)
    ids = Ids(config.seed, run=store.run, clock_ids=config.clock_ids)
    ids.stay_above(store.last_id)
    rules, clock = Rules(), Clock(config.speed)
    outbox = Outbox(rules, clock, ids, deliver=lambda event: None)
    core = Core(
        config=config,
        knobs=Knobs().with_changes(config.knobs),
        clock=clock,
        ids=ids,
        world=world,
        ledger=Ledger(),
        rules=rules,
        store=store,
        outbox=outbox,
    )
    for job in unfinished:
        _abandon(core, job.uuid)
    return core


def _abandon(core: Core, uuid: str) -> None:
    """Mark a job that was running when the process ended as vanished.

    Its progress message is removed.
    """
    job = core.world.jobs[uuid]
    job.state = "vanished"
    core.store.job(job)
    if job.progress_message_id is not None:
        core.world.remove_message(job.progress_message_id)
        core.store.gone(job.progress_message_id)
