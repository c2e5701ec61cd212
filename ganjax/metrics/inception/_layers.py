"""The network written down once: which convolutions and pools follow which. The forward pass and the shapes of the
weights are both read off this description.

Reference:
  Szegedy et al. (2015), arXiv:1512.00567, sections 3 to 6, in the variant of TensorFlow's graph of 2015-12-05, which
  the FID was defined with: average pools that leave the padding out of the mean, a max pool in the last block, 1008
  logits.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias


class Conv(NamedTuple):
    """A convolution without bias, batch norm, ReLU; `name` is its place in the published file of weights.

    Attributes:
      stride: 1, or 2 in both directions.
      padding: "SAME" keeps the size at stride 1.
    """

    name: str
    channels: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    padding: Literal["SAME", "VALID"] = "SAME"


class Pool(NamedTuple):
    """A 3×3 pool. "SAME" padding counts neither in a mean nor in a maximum."""

    kind: Literal["average", "max"]
    stride: int = 1
    padding: Literal["SAME", "VALID"] = "SAME"


class Fork(NamedTuple):
    """Branches of one input, their channels side by side in this order."""

    branches: tuple[Branch, ...]


Layer: TypeAlias = Conv | Pool | Fork
Branch: TypeAlias = tuple[Layer, ...]

SHRINK = Pool("max", 2, "VALID")
AVERAGE = Pool("average")


def _fork(block: str, *branches: Branch) -> Fork:
    """A fork whose convolutions, and those of forks inside it, are named block.name."""

    def named(layer: Layer) -> Layer:
        if isinstance(layer, Conv):
            return layer._replace(name=f"{block}.{layer.name}")
        return _fork(block, *layer.branches) if isinstance(layer, Fork) else layer

    return Fork(tuple(tuple(named(layer) for layer in branch) for branch in branches))


def _grid35(block: str, pool_channels: int) -> Fork:
    """35×35, the paper's figure 5 with one 5×5 convolution left whole."""
    return _fork(
        block,
        (Conv("branch1x1", 64),),
        (Conv("branch5x5_1", 48), Conv("branch5x5_2", 64, (5, 5))),
        (
            Conv("branch3x3dbl_1", 64),
            Conv("branch3x3dbl_2", 96, (3, 3)),
            Conv("branch3x3dbl_3", 96, (3, 3)),
        ),
        (AVERAGE, Conv("branch_pool", pool_channels)),
    )


def _grid35_to_17(block: str) -> Fork:
    return _fork(
        block,
        (Conv("branch3x3", 384, (3, 3), 2, "VALID"),),
        (
            Conv("branch3x3dbl_1", 64),
            Conv("branch3x3dbl_2", 96, (3, 3)),
            Conv("branch3x3dbl_3", 96, (3, 3), 2, "VALID"),
        ),
        (SHRINK,),
    )


def _grid17(block: str, inner: int) -> Fork:
    """17×17, the paper's figure 6 with n = 7."""
    return _fork(
        block,
        (Conv("branch1x1", 192),),
        (
            Conv("branch7x7_1", inner),
            Conv("branch7x7_2", inner, (1, 7)),
            Conv("branch7x7_3", 192, (7, 1)),
        ),
        (
            Conv("branch7x7dbl_1", inner),
            Conv("branch7x7dbl_2", inner, (7, 1)),
            Conv("branch7x7dbl_3", inner, (1, 7)),
            Conv("branch7x7dbl_4", inner, (7, 1)),
            Conv("branch7x7dbl_5", 192, (1, 7)),
        ),
        (AVERAGE, Conv("branch_pool", 192)),
    )


def _grid17_to_8(block: str) -> Fork:
    return _fork(
        block,
        (Conv("branch3x3_1", 192), Conv("branch3x3_2", 320, (3, 3), 2, "VALID")),
        (
            Conv("branch7x7x3_1", 192),
            Conv("branch7x7x3_2", 192, (1, 7)),
            Conv("branch7x7x3_3", 192, (7, 1)),
            Conv("branch7x7x3_4", 192, (3, 3), 2, "VALID"),
        ),
        (SHRINK,),
    )


def _grid8(block: str, pool: Pool) -> Fork:
    """8×8, the paper's figure 7."""

    def crossed(name: str) -> Fork:
        return Fork(((Conv(f"{name}a", 384, (1, 3)),), (Conv(f"{name}b", 384, (3, 1)),)))

    return _fork(
        block,
        (Conv("branch1x1", 320),),
        (Conv("branch3x3_1", 384), crossed("branch3x3_2")),
        (Conv("branch3x3dbl_1", 448), Conv("branch3x3dbl_2", 384, (3, 3)), crossed("branch3x3dbl_3")),
        (pool, Conv("branch_pool", 192)),
    )


# 299 × 299 × 3 in, 8 × 8 × 2048 out
INCEPTION: Branch = (
    Conv("Conv2d_1a_3x3", 32, (3, 3), 2, "VALID"),
    Conv("Conv2d_2a_3x3", 32, (3, 3), 1, "VALID"),
    Conv("Conv2d_2b_3x3", 64, (3, 3)),
    SHRINK,
    Conv("Conv2d_3b_1x1", 80),
    Conv("Conv2d_4a_3x3", 192, (3, 3), 1, "VALID"),
    SHRINK,
    _grid35("Mixed_5b", 32),
    _grid35("Mixed_5c", 64),
    _grid35("Mixed_5d", 64),
    _grid35_to_17("Mixed_6a"),
    _grid17("Mixed_6b", 128),
    _grid17("Mixed_6c", 160),
    _grid17("Mixed_6d", 160),
    _grid17("Mixed_6e", 192),
    _grid17_to_8("Mixed_7a"),
    _grid8("Mixed_7b", AVERAGE),
    _grid8("Mixed_7c", Pool("max")),  # the graph's own: every other Inception averages here
)
