"""The optimizer's float32 form makes the steps of torch's own."""

from __future__ import annotations

import pytest
import torch

from training import precision
from training.precision import Muon


@pytest.mark.parametrize("shape", [(8, 24), (24, 8), (16, 16)])
def test_muon_steps_as_torch_does_whatever_the_cpu(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]) -> None:
    def moved(*, quick: bool) -> torch.Tensor:
        monkeypatch.setattr(precision, "has_avx512", lambda: quick)
        torch.manual_seed(3)
        weights = torch.nn.Parameter(torch.zeros(shape))
        optimizer = Muon([weights], lr=0.1)
        for _ in range(3):
            weights.grad = torch.randn(shape)
            optimizer.step()
        return weights.detach()

    in_float32, in_bfloat16 = moved(quick=False), moved(quick=True)
    assert in_float32.abs().max() > 0.05
    assert (in_float32 - in_bfloat16).abs().max() < 0.02 * in_float32.abs().max() + 0.005
