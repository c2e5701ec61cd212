"""What is done to a layer's weights before the layer uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flax import linen as nn
from jaxtyping import Array

Layer = Callable[[Array], Array]
Constraint = Callable[[nn.Module, bool], Layer]  # (layer, train) -> what to call in its place, inside a module's call


def unconstrained(layer: nn.Module, train: bool) -> Layer:
    """The layer as it is: the `Constraint` that constrains nothing."""
    del train  # nothing to update

    def apply(x: Array) -> Array:
        return layer(x)

    return apply


class _SpectralNorm(nn.SpectralNorm):
    """Flax's layer, which would leave W / σ behind as the parameters it initializes; this one leaves W."""

    def _spectral_normalize(self, path: Any, vs: Array, update_stats: bool) -> Array:
        normalized = super()._spectral_normalize(path, vs, update_stats)  # makes u and σ
        return vs if self.is_initializing() else normalized


def spectral_norm(iterations: int = 1, epsilon: float = 1e-12) -> Constraint:
    """Spectral normalization: the layer computes with W / σ(W), σ the largest singular value of its kernel.

        v ← Wᵀu / ‖Wᵀu‖,  u ← Wv / ‖Wv‖,  σ ≈ uᵀWv,   u and v without gradient

    Of `Conv`, `ConvTranspose`, `nn.Dense` and `nn.Embed`. W is the kernel as a matrix of its last axis against all
    others: a convolution's output channels against window and inputs (of `ConvTranspose`, its inputs). Biases stay as
    they are, and the parameters themselves are never overwritten: W, not W / σ, is what the optimizer moves.

    Every pass starts from the vectors u in `Variables.stats` and iterates `iterations` times, so that an evaluation is
    a function of the stored variables; a pass in training mode also stores the new u (and σ, to look at), which makes
    one iteration a step enough once the weights move slowly. Per sample: u depends on the weights alone and never on
    the batch, so it is the same on every device that plays a part of the batch, and its mean over them is itself.

    Miyato et al. 2018, arXiv:1802.05957, section 2.1 and algorithm 1.

    Args:
      iterations: of the power method in one pass.
      epsilon: keeps the vectors' norms away from zero.
    """

    def constraint(layer: nn.Module, train: bool) -> Layer:
        def apply(x: Array) -> Array:
            return _SpectralNorm(layer, n_steps=iterations, epsilon=epsilon)(x, update_stats=train)

        return apply

    return constraint
