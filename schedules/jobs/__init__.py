"""One file per proactive job."""
