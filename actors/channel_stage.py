"""Who plays in a channel: its persona and its cast, the scene, and what is said there without a turn."""

from __future__ import annotations

from dataclasses import dataclass

from actors import scenes
from actors.chain import MAX_EXCHANGE
from actors.channel_base import ChannelBase
from actors.host import exposed
from core import clock
from core.errors import RequestError
from core.messages import Spoken, Trigger, Turn
from core.personas import Scenario
from core.wording import Wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Who answers in a channel where nobody else is called: who was set here, else the `default` of the server or of
    the operator. `cast` are those that alone speak here, nobody for everybody."""

    set_here: str | None
    default: str
    cast: tuple[str, ...]
    exchange: int


class ChannelStage(ChannelBase):
    """Who answers and speaks here, and what is said because a command or a job wants it."""

    @exposed
    async def set_persona(self, persona_id: str | None, guild_id: str | None = None) -> str:
        """Makes a persona (by id or name) the one that answers here, None the default. Returns its id. Raises
        UnknownPersona, also for one that the guild does not let speak."""
        cast = self._cast(await self._anew(guild_id))
        self._state.persona_id = None if persona_id is None else cast.persona(persona_id).id
        return self._state.persona_id or cast.default_persona

    @exposed
    async def persona(self, guild_id: str | None = None, wanted: str | None = None) -> str:
        """The id of the persona that answers here where nothing else decides, or of the one that is wanted. Raises
        UnknownPersona for one that may not speak here."""
        cast = self._cast(await (self._at(guild_id) if wanted is None else self._anew(guild_id)))
        if wanted is not None:
            return cast.persona(wanted).id
        known = any(persona.id == self._state.persona_id for persona in cast.personas)
        return self._state.persona_id if known and self._state.persona_id else cast.default_persona

    @exposed
    async def stage(self, guild_id: str | None = None) -> Stage:
        """Who answers here and who speaks here at all."""
        cast = self._cast(await self._anew(guild_id))
        known = any(persona.id == self._state.persona_id for persona in cast.personas)
        return Stage(
            set_here=self._state.persona_id if known else None,
            default=cast.default_persona,
            cast=tuple(persona.id for persona in cast.personas) if self._state.cast else (),
            exchange=self._state.exchange,
        )

    @exposed
    async def set_cast(
        self, persona_ids: tuple[str, ...], guild_id: str | None = None, exchange: int | None = None
    ) -> Stage:
        """Has only these personas (by id or name) speak here, everybody for none; with `exchange`, those that are
        called together exchange that many lines more. Raises UnknownPersona, RequestError."""
        if exchange is not None and not 0 <= exchange <= MAX_EXCHANGE:
            told = Wording("refused-exchange", "Personas may exchange 0 to {most} lines.", most=MAX_EXCHANGE)
            raise RequestError(told, field="lines")
        here = await self._anew(guild_id)
        self._state.cast = list(dict.fromkeys(here.pack.persona(one).id for one in persona_ids))
        self._state.exchange = self._state.exchange if exchange is None else exchange
        return await self.stage(guild_id)

    @exposed
    async def spoke(
        self,
        reply_id: str,
        persona_id: str,
        text: str,
        to_id: str | None,
        guild_id: str | None,
        trigger: Trigger = "command",
    ) -> None:
        """A persona said something here that answers nobody: it is remembered, and replies to it are for that persona.
        `to_id` is the person whom it was said to, if anybody; `trigger` is a command or a job."""
        here = await self._at(guild_id)
        now_ms = clock.now_ms()
        line = Turn(
            message_id=reply_id,
            speaker=self._name(persona_id),
            text=text,
            at_ms=now_ms,
            persona_id=persona_id,
            author_id=to_id,
        )
        self._state.speak(line, guild_id, trigger, here.rules, now_ms)

    @exposed
    async def answered(self, reply_id: str, persona_id: str, spoken: Spoken, traceparent: str | None) -> None:
        """A command was answered in `reply_id`, as a persona or (empty) as nobody: how that came about is kept for
        `why`, and nothing of what was said."""
        self._state.asked(reply_id, persona_id, spoken, traceparent, clock.now_ms())

    @exposed
    async def open_scene(self, scenario_id: str, scene_id: str, guild_id: str | None) -> Scenario:
        """Has the channel play a scenario, which is returned. A `scene_id` that is known does nothing. Raises
        RequestError where another one runs or nobody may open it."""
        here = await self._at(guild_id)
        scenario = here.pack.scenario(scenario_id)
        cast = [persona.id for persona in self._cast(here).personas]
        self._state.scene = scenes.begun(self._state.scene, scene_id, scenario, cast, clock.now_ms(), guild_id or "")
        return scenario

    @exposed
    async def scene(self) -> scenes.Scene | None:
        """The scene that the channel plays or played last."""
        return self._state.scene

    @exposed
    async def withdraw_scene(self, scene_id: str) -> None:
        """A scene of that id could not be announced: the channel does not play it."""
        if self._state.scene is not None and self._state.scene.id == scene_id:
            self._state.scene = None

    @exposed
    async def end_scene(self, reveal: bool, scene_id: str | None = None) -> scenes.Scene | None:
        """Ends it; with `reveal`, its answer is told. Where `scene_id` is given, only the scene of that id. Raises
        RequestError where there is none."""
        if scene_id is not None and (self._state.scene is None or self._state.scene.id != scene_id):
            return self._state.scene
        self._state.scene = scenes.ended(self._state.scene, reveal=reveal, now_ms=clock.now_ms())
        return self._state.scene
