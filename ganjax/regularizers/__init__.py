"""What restrains or enriches a player: plain quantities, without weights and without ½.

Nothing here is reduced but what belongs to a whole batch (`repelling`). Arguments come in one order: key, score_fn,
real, fake, then the context of a conditional game, then settings by name.
"""

from ganjax.checks import Table
from ganjax.regularizers._codes import correlation, repelling
from ganjax.regularizers._gradient_penalties import (
    dragan,
    r1,
    r2,
    wgan_div,
    wgan_gp,
    wgan_gp_one_sided,
    zero_centered,
)
from ganjax.regularizers._information import (
    categorical_information,
    encoder_information,
    gaussian_information,
    js_information,
)
from ganjax.regularizers._points import end_points, interpolates, perturbed, shuffled_interpolates
from ganjax.regularizers._quadratic_potential import (
    DISTANCES,
    gan_qp,
    mean_absolute_distance,
    root_mean_square_distance,
    squared_slope,
)
from ganjax.regularizers._scores import balanced_consistency, consistency, lecam
from ganjax.regularizers._wrappers import Regularizer, lazily, weighted

REGULARIZERS: Table[Regularizer] = Table(
    "regularizer",
    {
        "wgan_gp": wgan_gp,
        "wgan_gp_one_sided": wgan_gp_one_sided,
        "zero_centered": zero_centered,
        "r1": r1,
        "r2": r2,
        "dragan": dragan,
        "wgan_div": wgan_div,
        "gan_qp": gan_qp,
        "squared_slope": squared_slope,
        "repelling": repelling,
        "correlation": correlation,
        "categorical_information": categorical_information,
        "gaussian_information": gaussian_information,
        "encoder_information": encoder_information,
        "js_information": js_information,
        "lecam": lecam,
        "consistency": consistency,
        "balanced_consistency": balanced_consistency,
    },
)

__all__ = [
    "DISTANCES",
    "REGULARIZERS",
    "Regularizer",
    "balanced_consistency",
    "categorical_information",
    "consistency",
    "correlation",
    "dragan",
    "encoder_information",
    "end_points",
    "gan_qp",
    "gaussian_information",
    "interpolates",
    "js_information",
    "lazily",
    "lecam",
    "mean_absolute_distance",
    "perturbed",
    "r1",
    "r2",
    "repelling",
    "root_mean_square_distance",
    "shuffled_interpolates",
    "squared_slope",
    "weighted",
    "wgan_div",
    "wgan_gp",
    "wgan_gp_one_sided",
    "zero_centered",
]
