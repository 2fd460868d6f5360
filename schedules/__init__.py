"""The jobs by which the cast speaks up unasked: a cron table and a file per job."""
