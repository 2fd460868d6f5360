"""Slash commands, a file each."""
