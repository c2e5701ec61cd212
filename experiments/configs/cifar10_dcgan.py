"""cifar10-dcgan: a DCGAN on CIFAR-10 at 32x32, with the DCGAN paper's settings and an averaged generator.

python experiments/train.py cifar10-dcgan --data.dir PATH/TO/tensorflow_datasets

Data: `prepare_data.py cifar10`. Shows the baseline that cifar10-sngan and cifar10-r3gan stand
beside. Radford et al. 2015, arXiv:1511.06434, section 4.
"""

from choices import choose
from config import Config, Data

CONFIG = Config(
    data=Data(name="tfds:cifar10"),
    prior=choose("prior", "uniform", latent_dim=100),
    generator=choose("generator", "dcgan", channels=64),
    discriminator=choose("discriminator", "dcgan", channels=64),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4, b1=0.5),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4, b1=0.5),
    batch_size=128,
    num_steps=20_000,
    log_every=50,
    sample_every=500,
    checkpoint_every=1000,
    steps_per_call=10,
)
