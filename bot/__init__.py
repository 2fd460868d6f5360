"""The Discord edge, thin: gateway, replies, commands."""
