"""A local server that speaks Discord's protocol to unmodified clients. See README.md in this folder."""

from local_discord.client import Human
from local_discord.server import LocalDiscord
from local_discord.world import Timing

__all__ = ["Human", "LocalDiscord", "Timing"]
