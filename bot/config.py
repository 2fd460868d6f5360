"""What the bot needs to know, as one frozen value that travels to wherever Ray starts the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import ConfigError
from core.limits import Limits, parsed
from core.messages import FilterLevel
from core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class BotConfig:
    """How the bot reaches Discord and how it behaves there. All `_s` are seconds.

    `rate_` are per person and minute, 0 for no limit; `owners` are ids. Of `shard_count` gateways this is one, `shard`.
    The three URLs are None for Discord itself. `token` is kept out of the representation, so that it is never logged.
    """

    token: str = field(repr=False)
    api_url: str | None = None
    gateway_url: str | None = None
    cdn_url: str | None = None
    reply_deadline_s: float = 30.0
    catch_up_messages: int = 50
    catch_up_age_s: float = 900.0
    take_up_every_s: float = 60.0  # what failed is looked for and tried again
    only_channel: str | None = None
    content_filter: FilterLevel = "medium"
    prewarm: bool = False
    speculation: bool = False
    reactions: bool = True  # weigh what is remembered
    edit_interval_s: float = 1.0
    first_post_s: float = 1.0
    join_bursts: bool = True
    typing_wait_s: float = 1.5
    reply_buttons: bool = True
    owners: frozenset[str] = frozenset()
    shard: int = 0
    shard_count: int = 1
    identify_every_s: float = 5.5  # Discord takes one session of a bot in five seconds
    rate_mentions: float = 0.0
    rate_commands: float = 0.0
    quota_user: Limits = field(default_factory=dict)
    quota_guild: Limits = field(default_factory=dict)
    presence_every_s: float = 30.0
    access_fresh_s: float = 5.0  # so long a change of a server's lists may take
    talk_points: bool = True
    memory_ttl_s: float = 1800.0
    access_patience_s: float = 1.0  # so long the first message after a start waits for them
    # A turn is mostly waiting, so this bounds memory rather than work; past it messages are refused at once.
    max_turns: int = 512

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        token: str | None = None,
        api_url: str | None = None,
        gateway_url: str | None = None,
        cdn_url: str | None = None,
    ) -> BotConfig:
        """The configuration of `settings`; the arguments take precedence, for a server that hands out its own token.

        Raises ConfigError where there is no token to log in with.
        """
        if token is None and settings.discord_token is not None:
            token = settings.discord_token.get_secret_value()
        if not token:
            raise ConfigError(
                "there is no bot token.",
                field="DISCORD_TOKEN",
                fix="Set it in .env (Discord's developer portal: your application, Bot, Reset Token).",
            )
        return cls(
            token=token,
            api_url=api_url or settings.discord_api_url,
            gateway_url=gateway_url or settings.discord_gateway_url,
            cdn_url=cdn_url or settings.discord_cdn_url,
            reply_deadline_s=settings.reply_deadline_s,
            catch_up_messages=settings.catch_up_messages,
            catch_up_age_s=settings.catch_up_age_s,
            only_channel=settings.discord_channel_id,
            prewarm=settings.prewarm and settings.llm_sleeps,
            speculation=settings.speculation,
            reactions=settings.memory_recall_limit > 0 and settings.memory_weight_engagement > 0,
            join_bursts=settings.join_bursts,
            typing_wait_s=settings.typing_wait_s,
            reply_buttons=settings.reply_buttons,
            content_filter=settings.content_filter,
            owners=settings.owners,
            shard_count=settings.shard_count,
            rate_mentions=settings.rate_mentions_per_minute,
            rate_commands=settings.rate_commands_per_minute,
            quota_user=parsed(settings.quota_user),
            quota_guild=parsed(settings.quota_guild),
            talk_points=settings.talk_points,
            memory_ttl_s=settings.memory_ttl_s,
        )

    def holds(self, guild_id: str | None) -> bool:
        """Whether what happens in a guild comes to this gateway; direct messages (None) come to the first."""
        return (int(guild_id) >> 22) % self.shard_count == self.shard if guild_id else self.shard == 0
