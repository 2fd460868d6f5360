"""All jobs there are: the `JOB` of every file in `schedules/jobs/`."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType

from core.errors import RequestError
from core.wording import Wording, suggestion
from schedules import jobs
from schedules.job import Job

Jobs = Mapping[str, Job]


def load_jobs() -> Jobs:
    """The jobs by name, in the order of their files."""
    names = sorted(module.name for module in pkgutil.iter_modules(jobs.__path__) if not module.name.startswith("_"))
    found: list[Job] = [import_module(f"{jobs.__name__}.{name}").JOB for name in names]
    return MappingProxyType({job.name: job for job in found})


def job_of(jobs: Jobs, name: str) -> Job:
    """The job of a name. Raises RequestError, which lists near names."""
    wanted = name.strip().casefold().replace(" ", "_").replace("-", "_")
    if wanted in jobs:
        return jobs[wanted]
    near = get_close_matches(wanted, jobs, n=3, cutoff=0.5)
    wrong, hint = repr(name.strip()[:60]), suggestion(near, jobs)
    raise RequestError(Wording("refused-job", "There is no job {name}. {hint}", name=wrong, hint=hint), field="job")
