"""What the documents claim, as commands: `python -m bench.NAME` prints one JSON line per figure."""
