"""How networks use a label: a normalization of each class's own, and a score that projects features on the class."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float, Int

from ganjax import batches
from ganjax.architectures._constraints import Constraint, unconstrained
from ganjax.architectures._layers import Activation, Normalization
from ganjax.checks import InputError
from ganjax.numerics import at_least_float32
from ganjax.types import Scores

Labels = Int[Array, " B"]


def check_labels(network: str, condition: tuple[Any, ...], num_samples: int) -> Labels:
    """The one condition that a network of classes takes: integer labels, one a sample.

    Raises:
      InputError: for no condition, more than one, floats, or another shape.
    """
    advice = "give batches as (samples, labels), with labels 0 … K − 1 (--data.condition labels)."
    if len(condition) != 1:
        raise InputError(
            f"Expected integer labels [{num_samples}] for {network}, got {len(condition)} conditions: {advice}"
        )
    (labels,) = condition
    integers = hasattr(labels, "dtype") and jnp.issubdtype(labels.dtype, jnp.integer)
    if not integers or labels.shape != (num_samples,):
        got = f"{labels.dtype}{list(labels.shape)}" if hasattr(labels, "dtype") else repr(labels)
        raise InputError(f"Expected integer labels [{num_samples}] for {network}, got {got}: {advice}")
    return labels


def conditional_batch_norm(
    labels: Labels, num_classes: int, momentum: float = 0.9, epsilon: float = 1e-5
) -> Normalization:
    """Batch normalization with a γ and a β of each class: (x − mean) / √(variance + epsilon) · γ_y + β_y.

    γ_y = 1 + g_y, and the tables g and β start at 0: so it starts as plain batch normalization. (Without the 1 it
    starts as the constant 0, a mistake that published programmes have made.) Mean and variance are the whole batch's,
    of all classes together. Per batch in training mode, per sample otherwise, as `batch_norm`.

    Dumoulin et al. 2017, arXiv:1610.07629, eq. 5; de Vries et al. 2017, arXiv:1707.00683, section 3.

    Args:
      labels: [B], 0 … num_classes − 1; another label gives NaN.
      num_classes: K.
      momentum, epsilon: as in `batch_norm`.
    """

    def normalization(train: bool, dtype: Any = None) -> Activation:
        standardized = nn.BatchNorm(
            use_running_average=not train,
            momentum=momentum,
            epsilon=epsilon,
            dtype=dtype,
            axis_name=batches.axis(),
            use_scale=False,
            use_bias=False,
        )

        def apply(x: Float[Array, "B ..."]) -> Float[Array, "B ..."]:
            scale, shift = (class_vectors(labels, num_classes, x.shape[-1], dtype) for _ in range(2))
            one_each = (x.shape[0], *[1] * (x.ndim - 2), x.shape[-1])
            return standardized(x) * (1 + scale.reshape(one_each)) + shift.reshape(one_each)

        return apply

    return normalization


def class_vectors(labels: Labels, num_classes: int, features: int, dtype: Any) -> Float[Array, "B F"]:
    """Each label's row of a table of vectors that start at 0, made inside a module's call."""
    table = nn.Embed(num_classes, features, dtype=dtype, embedding_init=nn.initializers.zeros)
    return none_below_0(table(labels), labels)


def none_below_0(vectors: Float[Array, "B F"], labels: Labels) -> Float[Array, "B F"]:
    """NaN where the label is negative, which counts from a table's end; one beyond the table gives NaN by itself."""
    return jnp.where(labels[:, None] < 0, jnp.nan, vectors)


class ProjectionHead(nn.Module):
    """D(x, y) = e_yᵀφ(x) + ψ(φ(x)), ψ a dense layer. Per sample.

    For a p(y|x) that is log-linear in φ this is the form of log p(x, y)/q(x, y): ψ answers for the marginals, the inner
    product for the labels. Miyato and Koyama 2018, arXiv:1802.05637, eq. 3.

    Attributes:
      num_classes: K.
      constraint: of the dense layer and of the table e.
      dtype: what the layers compute in; the product is summed in float32 or better.

    A label that is not 0 … K − 1 gives NaN.
    """

    num_classes: int
    constraint: Constraint = unconstrained
    dtype: Any = None

    @nn.compact
    def __call__(self, features: Float[Array, "B F"], labels: Labels, train: bool = False) -> Scores:
        glorot = nn.initializers.glorot_uniform()
        marginal = self.constraint(nn.Dense(1, dtype=self.dtype, kernel_init=glorot, name="psi"), train)(features)
        table = nn.Embed(
            self.num_classes, features.shape[-1], dtype=self.dtype, embedding_init=glorot, name="embedding"
        )
        of_label = at_least_float32(none_below_0(self.constraint(table, train)(labels), labels))
        return jnp.sum(of_label * at_least_float32(features), axis=1) + at_least_float32(marginal[:, 0])
