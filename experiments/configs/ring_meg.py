"""ring-meg: a maximum-entropy generator of an energy, with a statistics network, on eight Gaussians.

python experiments/train.py ring-meg
"""

from dataclasses import replace

from choices import choose

from configs import ring

CONFIG = replace(
    ring.CONFIG,
    discriminator=choose("discriminator", "mlp", features=(128, 128)),
    objective=choose("objective", "meg"),
    helper=choose("helper", "statistics"),
    update=replace(ring.CONFIG.update, disc_steps=5),
)
