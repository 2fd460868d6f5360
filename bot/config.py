"""What the bot needs to know, as one frozen value that travels to wherever Ray starts the gateway."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.errors import ConfigError
from core.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class BotConfig:
    """How the bot reaches Discord and how it behaves there. All `_s` are seconds.

    The three URLs are None for Discord itself. `token` is kept out of the representation, so that it is never logged.
    """

    token: str = field(repr=False)
    api_url: str | None = None
    gateway_url: str | None = None
    cdn_url: str | None = None
    reply_deadline_s: float = 30.0
    catch_up_messages: int = 50
    catch_up_age_s: float = 900.0
    retrieval_limit: int = 3
    edit_interval_s: float = 1.0
    first_post_s: float = 1.0
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
            retrieval_limit=settings.retrieval_limit,
        )
