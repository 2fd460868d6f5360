"""The REST API, one module per resource. Each has `routes`, which `local_discord.server` mounts below /api/v10."""
