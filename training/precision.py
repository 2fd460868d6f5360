"""Which precision a training step multiplies in, and whether compiling it is worth the while."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any
from unittest import mock

import torch
from torch.optim import _muon


def has_avx512() -> bool:
    """Whether this CPU has AVX-512 (AMX counts), for which torch has quick bfloat16 kernels."""
    return torch.backends.cpu.get_cpu_capability().startswith("AVX512")


def mixed_precision() -> torch.autocast:
    """bfloat16 where the CPU multiplies it in hardware, float32 elsewhere: without AVX-512 bfloat16 is emulated, and
    many times slower."""
    return torch.autocast("cpu", torch.bfloat16, enabled=has_avx512())


class Muon(torch.optim.Muon):
    """torch's Muon, which orthogonalizes in bfloat16, with the same iteration in float32 where that is quicker."""

    def step(self, closure: Any = None) -> Any:
        """One step, as `torch.optim.Muon.step`."""
        slow = not has_avx512()
        with mock.patch.object(_muon, "_zeropower_via_newtonschulz", _orthogonal) if slow else nullcontext():
            return super().step(closure)  # type: ignore[no-untyped-call]


def _orthogonal(grad: torch.Tensor, coefficients: tuple[float, float, float], steps: int, eps: float) -> torch.Tensor:
    """The Newton-Schulz iteration of Keller Jordan, "Muon: An optimizer for hidden layers" (2024), in float32."""
    a, b, c = coefficients
    wide = grad if grad.size(0) <= grad.size(1) else grad.T
    wide = wide / wide.norm().clamp(min=eps)
    for _ in range(steps):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide if grad.size(0) <= grad.size(1) else wide.T
