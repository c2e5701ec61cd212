"""What the games measure.

f-divergences by value (`divergences.PEARSON`) or by name (`DIVERGENCES["pearson"]`), and what they come to: on two
densities, by quadrature; on tables; on samples; between Gaussians in closed form. Optimal transport, the values that
the games' discriminators reach, and the discriminators that reach them. Float64, whatever JAX's default.
"""

from ganjax.checks import Table
from ganjax.divergences._critics_1d import (
    r1_energy_slope_1d,
    w_divergence_1d,
    w_divergence_critic_1d,
    wgan_gp_1d,
    wgan_gp_critic_1d,
)
from ganjax.divergences._discrete import (
    f_divergence_discrete,
    js_discrete,
    kl_discrete,
    total_variation_discrete,
)
from ganjax.divergences._f_divergences import (
    GAN,
    JEFFREYS,
    JENSEN_SHANNON,
    KL,
    NEYMAN,
    PEARSON,
    REVERSE_KL,
    SQUARED_HELLINGER,
    TOTAL_VARIATION,
    FDivergence,
)
from ganjax.divergences._game_values import (
    ebgan,
    gan_qp,
    gan_qp_generator,
    gan_qp_points,
    hinge,
    least_squares,
    relativistic,
    relativistic_generator,
)
from ganjax.divergences._gaussians import (
    gaussian_frechet,
    gaussian_kl,
    gaussian_wasserstein2,
)
from ganjax.divergences._information import (
    barber_agakov,
    barber_agakov_gaussian,
    label_information,
    mutual_information,
    mutual_information_gaussian,
)
from ganjax.divergences._optimal import (
    optimal_discriminator,
    optimal_f_critic,
    optimal_gan_qp,
    optimal_hinge,
    optimal_least_squares,
    optimal_margin,
    optimal_relativistic,
)
from ganjax.divergences._quadrature import (
    f_divergence,
    gan_value,
    jeffreys,
    js,
    kl,
    neyman,
    pearson,
    reverse_kl,
    squared_hellinger,
    total_variation,
)
from ganjax.divergences._transport import (
    Potentials,
    Transport,
    kantorovich_rubinstein,
    transport_dual,
    transport_primal,
)
from ganjax.divergences._wasserstein import (
    Sinkhorn,
    distribution_gap,
    monotone_coupling,
    sinkhorn,
    sliced_wasserstein,
    wasserstein_1d,
    wasserstein_1d_densities,
)

__all__ = [
    "DIVERGENCES",
    "GAN",
    "JEFFREYS",
    "JENSEN_SHANNON",
    "KL",
    "NEYMAN",
    "PEARSON",
    "REVERSE_KL",
    "SQUARED_HELLINGER",
    "TOTAL_VARIATION",
    "FDivergence",
    "Potentials",
    "Sinkhorn",
    "Transport",
    "barber_agakov",
    "barber_agakov_gaussian",
    "distribution_gap",
    "ebgan",
    "f_divergence",
    "f_divergence_discrete",
    "gan_qp",
    "gan_qp_generator",
    "gan_qp_points",
    "gan_value",
    "gaussian_frechet",
    "gaussian_kl",
    "gaussian_wasserstein2",
    "hinge",
    "jeffreys",
    "js",
    "js_discrete",
    "kantorovich_rubinstein",
    "kl",
    "kl_discrete",
    "label_information",
    "least_squares",
    "monotone_coupling",
    "mutual_information",
    "mutual_information_gaussian",
    "neyman",
    "optimal_discriminator",
    "optimal_f_critic",
    "optimal_gan_qp",
    "optimal_hinge",
    "optimal_least_squares",
    "optimal_margin",
    "optimal_relativistic",
    "pearson",
    "r1_energy_slope_1d",
    "relativistic",
    "relativistic_generator",
    "reverse_kl",
    "sinkhorn",
    "sliced_wasserstein",
    "squared_hellinger",
    "total_variation",
    "total_variation_discrete",
    "transport_dual",
    "transport_primal",
    "w_divergence_1d",
    "w_divergence_critic_1d",
    "wasserstein_1d",
    "wasserstein_1d_densities",
    "wgan_gp_1d",
    "wgan_gp_critic_1d",
]

DIVERGENCES = Table(
    "divergence",
    {
        "total_variation": TOTAL_VARIATION,
        "kl": KL,
        "reverse_kl": REVERSE_KL,
        "pearson": PEARSON,
        "neyman": NEYMAN,
        "squared_hellinger": SQUARED_HELLINGER,
        "jeffreys": JEFFREYS,
        "jensen_shannon": JENSEN_SHANNON,
        "gan": GAN,
    },
)
