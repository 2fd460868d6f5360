"""Watching Troupe: tracing, metrics, logging, alerts and the dashboard page."""
