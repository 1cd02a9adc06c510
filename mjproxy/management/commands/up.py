"""`manage.py up`: start everything on one machine, in one command."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.run import demo, demo_data, start
from mjproxy.run.plan import Plan, Program
from mjproxy.run.supervisor import exec_supervisor


class Command(AuditedCommand):
    help = "Prepare the data folder and the database, then run all processes."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--demo",
            action="store_true",
            help="with a simulated Discord, ready accounts and a key for this run",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(start.WHAT_THIS_IS)
        try:
            lock = start.take_lock(settings.DATA_DIR)
            start.close_data_folder()
            start.check_configuration()
            listener = start.take_port(settings.HOST, settings.PORT)
            start.check_database()
            start.check_redis()
            start.prepare_static_files()
            start.prepare_database()
            programs = start.programs(listener.socket.fileno())
        except start.Refused as exc:
            raise CommandError(str(exc), returncode=2) from exc
        plan = Plan(
            programs=programs,
            host=listener.host,
            port=listener.port,
            when_ready=[f"mjproxy is ready: {listener.url}"],
        )
        if options["demo"]:
            command = demo.simulator_command(settings.DATA_DIR, demo.simulator_port())
            env = {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}
            plan.programs.insert(0, Program("simulator", command, env))
            plan.when_ready.extend(self._open_showroom(listener.url))
        start.close_database()
        exec_supervisor(plan, keep=[lock])

    def _open_showroom(self, url: str) -> list[str]:
        # No nudge is needed: the gateway reads the rows when it starts.
        logging.getLogger("gateway.live.publish").setLevel(logging.ERROR)
        demo_data.add_accounts()
        demo_data.add_services(demo.simulator_address())
        return [
            f"Address:   {url}",
            f"Sign in:   admin / {demo_data.new_password()}",
            f"API key:   {demo_data.new_key()}",
        ]
