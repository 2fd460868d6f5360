"""Bringing the whole system up, keeping it up, and taking it down without leaving a process behind.

`Stack.start` begins with what depends on nothing (database, local Discord, Ray), then starts the Serve applications,
the actor hosts and the gateway at once; each reports its own state, so the slowest alone decides how long it takes.
`Stack.watch` restarts the two processes that Ray does not look after. Whatever happens, `Stack.stop` ends everything.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import ray

from actors.scheduler_actor import COMPONENT as SCHEDULER
from actors.scheduler_actor import start_scheduler, stop_scheduler
from actors.virtual import NAMESPACE, VirtualActors, host_name, start_hosts
from bot.actor import start_gateways, stop_gateways
from bot.config import BotConfig
from core.errors import ConfigError, TroupeError, Unavailable
from core.personas import load_pack
from core.settings import Settings
from deploy.compose import bot_components, gateway_spec, host_spec, probes, scheduler_spec
from deploy.database import EmbeddedDatabase, embedded
from deploy.doctor import port_is_free
from deploy.process import Process, spawn
from deploy.run_file import RunFacts, ray_token, sweep, write_facts
from deploy.undertaker import hire
from serve_apps import apps
from serve_apps.slices import Card, Placed, cards_for, cards_of_cluster, fits

logger = logging.getLogger(__name__)

START_TIMEOUT_S = 600.0
# Room for every replica, host and the gateway: Ray's CPUs only place processes here, they do not slow them.
LOGICAL_CPUS = 16
RESTART_PAUSE_S = (0.2, 5.0)
LASTING_S = 60.0  # a process that ran this long starts again at once when it ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One component's state: `waiting`, `starting`, `ready`, `idle` or `failed`, and a few words on it."""

    state: str
    detail: str = ""

    @property
    def up(self) -> bool:
        """True where nothing more has to happen before people can chat."""
        return self.state in ("ready", "idle")


@dataclass
class Restarts:
    """Starts one process again and again, with longer pauses while it keeps ending."""

    _pause_s: float = 0.0
    _last: float = 0.0

    def again(self, name: str, start: Callable[[], object]) -> None:
        """Waits and starts it. A start that fails is logged; the next look at the process comes back here."""
        shortest, longest = RESTART_PAUSE_S
        lasted = time.monotonic() - self._last > LASTING_S
        self._pause_s = shortest if lasted else min(2 * self._pause_s, longest)
        logger.warning("[UP] %s ended; starting it again in %.1f s", name, self._pause_s)
        time.sleep(self._pause_s)
        self._last = time.monotonic()
        try:
            start()
        except (TroupeError, OSError) as error:
            logger.error("[UP] %s cannot be started: %s", name, error)


@dataclass
class Stack:
    """One running system. `urls` and `notes` tell people where to go; both are complete once `start` is through.
    `gpu_plan` and `cards` are known as soon as it yields for the first time, on another Ray once that is connected."""

    settings: Settings
    urls: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    gpu_plan: tuple[Placed, ...] = ()
    cards: tuple[Card, ...] = ()
    _database: EmbeddedDatabase | None = None
    _local_discord: Process | None = None
    _statuses: dict[str, Status] = field(default_factory=dict)
    _gateways: list[Any] = field(default_factory=list)
    _actors: VirtualActors | None = None
    _scheduler: Any = None
    _undertaker: Any = None

    def statuses(self) -> dict[str, Status]:
        """Every component with its last known state, in the order in which they come up."""
        return dict(self._statuses)

    def start(self) -> Iterator[dict[str, Status]]:
        """Starts everything; yields the states after every change until all are up.

        Raises ConfigError where the configuration cannot work, Unavailable where a component does not come up.
        """
        settings = self.settings
        pack = load_pack(settings.pack_dir)
        if not settings.ray_address:
            self.cards = cards_for(settings)
            self.gpu_plan = fits(settings, self.cards)
        self._statuses = {name: Status(state="waiting") for name in self._components()}
        yield self.statuses()
        sweep(settings.data_dir)
        self._check_ports()
        self._undertaker = hire(settings.data_dir)

        database_uri = self._start_database()
        self._start_local_discord()
        self._set("ray", "starting")
        yield self.statuses()
        logging.getLogger("ray.serve").setLevel(logging.WARNING)
        self._start_ray()
        yield self.statuses()
        if self._database is not None:
            self._database.wait_ready()
        self._set("database", "ready", "embedded" if self._database else "MONGODB_URI")
        bot = self._bot_config()
        yield self.statuses()

        apps.deploy(settings, probes(settings), database_uri)
        self._actors = start_hosts(settings.actor_hosts, host_spec(settings, database_uri))
        self._gateways = start_gateways(gateway_spec(settings, database_uri, self._actors, bot))
        self._scheduler = start_scheduler(scheduler_spec(settings, database_uri, self._actors))
        yield from self._wait_for_all()

        self.urls["API"] = f"http://{settings.api_host}:{settings.api_port}"
        self.urls["Ray dashboard"] = f"http://127.0.0.1:{settings.dashboard_port}"
        if os.environ.get("RAY_AUTH_MODE") == "token" and not settings.ray_address:
            self.notes.append(f"Ray's dashboard asks for the token in {ray_token(settings.data_dir)}")
        if settings.local_discord:
            self.notes.append("For real Discord put DISCORD_TOKEN=… into .env and start again.")
        self.notes.append(f"{pack.name}: write “@Troupe hello” and {pack.persona(pack.default_persona).name} answers.")
        facts = RunFacts(pid=os.getpid(), ray_address=ray.get_runtime_context().gcs_address, urls=self.urls)
        write_facts(settings.data_dir, facts)

    def watch(self) -> None:
        """Restarts the database and the local Discord whenever they end. Returns only by KeyboardInterrupt."""
        restarts = {"database": Restarts(), "discord": Restarts()}
        while True:
            time.sleep(0.2)
            if self._database is not None and not self._database.alive:
                restarts["database"].again("database", self._database.start)
            if self._local_discord is not None and not self._local_discord.alive:
                restarts["discord"].again("discord", self._spawn_local_discord)

    def stop(self) -> None:
        """Ends everything that `start` began, in the order that loses nothing. Never raises."""
        if ray.is_initialized():
            if self._scheduler is not None:
                with suppress(Exception):
                    stop_scheduler()
            if self._gateways:
                with suppress(Exception):
                    asyncio.run(stop_gateways(len(self._gateways)))
            if self._actors is not None and self.settings.ray_address:
                with suppress(Exception):
                    apps.shutdown()
                    self._actors.stop()
            with suppress(Exception):
                ray.shutdown()
        if self._local_discord is not None:
            self._local_discord.stop()
        if self._database is not None:
            self._database.stop()
        sweep(self.settings.data_dir)
        if self._undertaker is not None:
            self._undertaker.kill()
            self._undertaker.wait()

    def _components(self) -> list[str]:
        return [
            "database",
            "discord",
            "ray",
            *apps.wanted(self.settings),
            "actors",
            SCHEDULER,
            *bot_components(self.settings),
        ]

    def _set(self, name: str, state: str, detail: str = "") -> None:
        self._statuses[name] = Status(state=state, detail=detail)

    def _check_ports(self) -> None:
        settings = self.settings
        wanted = {"API_PORT": settings.api_port}
        if not settings.ray_address:
            wanted["DASHBOARD_PORT"] = settings.dashboard_port
        if settings.local_discord:
            wanted["LOCAL_DISCORD_PORT"] = settings.local_discord_port
        for name, port in wanted.items():
            if not port_is_free(port):
                raise ConfigError(
                    f"Port {port} is taken by another program.",
                    field=name,
                    fix=f"Stop that program, or set {name} to a free port in .env.",
                )

    def _start_database(self) -> str:
        self._set("database", "starting")
        if self.settings.mongodb_uri is not None:
            return self.settings.mongodb_uri.get_secret_value()
        self._database = embedded(self.settings)
        return self._database.start()

    def _start_local_discord(self) -> None:
        if self.settings.local_discord:
            self._set("discord", "starting")
            self._spawn_local_discord()
        else:
            self._set("discord", "ready", self.settings.discord_api_url or "discord.com")

    def _spawn_local_discord(self) -> None:
        settings = self.settings
        argv = [sys.executable, "-m", "local_discord", "--host", settings.local_discord_host]
        argv += ["--port", str(settings.local_discord_port), "--data", str(settings.data_dir / "discord")]
        if settings.local_discord_host not in ("127.0.0.1", "localhost", "::1"):
            argv.append("--allow-non-loopback")
        self._local_discord = spawn("discord", argv, settings.data_dir / "logs" / "local_discord.log")

    def _start_ray(self) -> None:
        settings = self.settings
        on_term = signal.getsignal(signal.SIGTERM)
        if settings.ray_address:
            ray.init(address=settings.ray_address, namespace=NAMESPACE, log_to_driver=False)
            self.cards = cards_of_cluster()
            self.gpu_plan = fits(settings, self.cards)
        else:
            ray.init(
                address="local",
                namespace=NAMESPACE,
                num_cpus=max(LOGICAL_CPUS, os.cpu_count() or 1),
                num_gpus=settings.num_gpus,
                include_dashboard=True,
                dashboard_host="127.0.0.1",
                dashboard_port=settings.dashboard_port,
                object_store_memory=200 * 2**20,
                logging_level="ERROR",
                log_to_driver=False,
            )
        # Ray puts a handler of its own there, which aborts this process before it can stop the others.
        signal.signal(signal.SIGTERM, on_term)
        self._set("ray", "ready", ray.get_runtime_context().gcs_address)

    def _bot_config(self) -> BotConfig:
        settings = self.settings
        if not settings.local_discord:
            return BotConfig.from_settings(settings)
        seed = self._wait_for_local_discord(f"http://127.0.0.1:{settings.local_discord_port}")
        return BotConfig.from_settings(
            settings, token=seed["bot_token"], api_url=seed["api"], gateway_url=seed["gateway"], cdn_url=seed["cdn"]
        )

    def _wait_for_local_discord(self, base: str) -> dict[str, Any]:
        process = self._local_discord
        deadline = time.monotonic() + 30
        while process is not None and process.alive and time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                seed: dict[str, Any] = httpx.get(f"{base}/local/seed", timeout=2).raise_for_status().json()
                self.urls["Chat page"] = base
                self._set("discord", "ready", f"local, {base}")
                return seed
            time.sleep(0.05)
        tail = process.log_tail() if process else ""
        raise Unavailable(f"The local Discord did not start: {tail}", component="discord")

    def _wait_for_all(self) -> Iterator[dict[str, Status]]:
        deadline = time.monotonic() + START_TIMEOUT_S
        asked: dict[str, Any] = {}
        while True:
            for name, (state, detail) in apps.statuses(apps.wanted(self.settings)).items():
                self._set(name, state, detail)
            self._look_at_actors(asked)
            yield self.statuses()
            if all(status.up for status in self._statuses.values()):
                return
            for name, status in self._statuses.items():
                if status.state == "failed":
                    raise Unavailable(f"{name} did not come up: {status.detail}", component=name)
            if time.monotonic() > deadline:
                late = ", ".join(name for name, status in self._statuses.items() if not status.up)
                raise Unavailable(f"Not ready after {START_TIMEOUT_S:.0f} s: {late}. See var/logs.", component=late)
            time.sleep(0.25)

    def _look_at_actors(self, asked: dict[str, Any]) -> None:
        """Asks hosts and gateway how they are, without waiting: an answer is picked up in a later round."""
        asks: dict[str, Callable[[], list[Any]]] = {
            "actors": self._ask_hosts,
            SCHEDULER: partial(_ask, self._scheduler),
        }
        for name, gateway in zip(bot_components(self.settings), self._gateways, strict=True):
            asks[name] = partial(_ask, gateway)
        for name, ask in asks.items():
            if name not in asked:
                asked[name] = ask()
            done, _ = ray.wait(asked[name], num_returns=len(asked[name]), timeout=0)
            if len(done) < len(asked[name]):
                if self._statuses[name].state == "waiting":
                    self._set(name, "starting")
                continue
            answers = asked.pop(name)
            try:
                self._take_answer(name, ray.get(answers))
            except ray.exceptions.RayError as error:
                self._set(name, "starting", type(error).__name__)

    def _ask_hosts(self) -> list[Any]:
        names = [host_name(index) for index in range(self.settings.actor_hosts)]
        return [ray.get_actor(name, NAMESPACE).stats.remote() for name in names]

    def _take_answer(self, name: str, answers: list[Any]) -> None:
        if name == "actors":
            self._set(name, "ready", f"{len(answers)} hosts")
            return
        health = answers[0]
        if name == SCHEDULER:
            self._set(name, health.state, health.detail)
        elif health.state == "ready":
            self._set(name, "ready", f"{health.user} in {health.guilds} servers")
        else:
            self._set(name, "failed" if health.state == "failed" else "starting", health.detail or health.state)


def _ask(actor: Any) -> list[Any]:
    return [actor.health.remote()]
