"""Bringing Troupe up: the `troupe` command, set-up, Serve configs, containers."""
