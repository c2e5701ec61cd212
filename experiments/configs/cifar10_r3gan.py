"""cifar10-r3gan: R3GAN on CIFAR-10; residual networks without normalization, a relativistic loss, R1 and R2.

python experiments/train.py cifar10-r3gan --data.dir PATH/TO/tensorflow_datasets

Data: `prepare_data.py cifar10`. Sized for an accelerator, and narrower than the paper's networks
(--generator.channels 768 --discriminator.channels 768 --batch-size 512). Shows that a loss which pairs real with fake,
under both zero-centered penalties, needs no normalization and one discriminator step. Huang et al. 2024,
arXiv:2501.05441; the paper lowers learning rates and gamma as it trains, which stay constant here.
"""

from choices import choose
from config import Config, Data

CONFIG = Config(
    data=Data(name="tfds:cifar10"),
    prior=choose("prior", "normal", latent_dim=64),
    generator=choose("generator", "r3gan", channels=256),
    discriminator=choose("discriminator", "r3gan", channels=256),
    objective=choose("objective", "r3gan", gamma=0.05),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4, b1=0.0, b2=0.99),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4, b1=0.0, b2=0.99),
    batch_size=64,
    num_steps=100_000,
    log_every=100,
    sample_every=1000,
    checkpoint_every=2000,
    steps_per_call=10,
)
