"""The processor time of whatever was started since: Ray's processes belong to nobody's process group."""

from __future__ import annotations

from contextlib import suppress

import psutil


class ProcessorTime:
    """Counts the processes that begin after it was made; what a process that ended used since the last look is lost."""

    def __init__(self) -> None:
        self._others = {(one.pid, one.create_time()) for one in psutil.process_iter()}

    def seconds(self) -> float:
        """What those that run have used until now, of all cores together."""
        used = 0.0
        for one in psutil.process_iter():
            with suppress(psutil.Error):
                if (one.pid, one.create_time()) not in self._others:
                    times = one.cpu_times()
                    used += times.user + times.system
        return used
