"""pacgan-ring: eight Gaussians in PacGAN's own protocol; with --packing 2, PacGAN2.

    python experiments/train.py pacgan-ring --packing 2 --batch-size 200

100 000 points, 400 epochs of batches of 100 packs, so the batch size grows with the packing; generator
2-400-400-400-400-2 with batch norm, discriminator of three layers of 200 maxout units of 5 pieces. Lin et al. 2018,
arXiv:1712.04086, section 4.1, and its programme. `sweep.py pacgan-ring` plays a smaller game with every method.
"""

from choices import choose
from config import Config, Data

CONFIG = Config(
    data=Data(name="ring:100000"),
    prior=choose("prior", "normal", latent_dim=2),
    generator=choose("generator", "mlp", features=(400, 400, 400, 400), normalization="batch", init_std=0.02),
    discriminator=choose("discriminator", "mlp-maxout", features=(200, 200, 200), pieces=5, init_std=0.02),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=1e-4, b1=0.8),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=1e-4, b1=0.8),
    batch_size=100,
    num_steps=400_000,
    log_every=1000,
    sample_every=10_000,
    checkpoint_every=10_000,
    steps_per_call=250,
    num_samples=2500,
)
