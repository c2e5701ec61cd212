"""mnist: a DCGAN on MNIST at 28x28, from a folder of IDX files.

python experiments/train.py mnist --data.dir PATH/TO/mnist
"""

from choices import choose
from config import Config, Data

CONFIG = Config(
    data=Data(name="mnist"),
    prior=choose("prior", "normal", latent_dim=100),
    generator=choose("generator", "dcgan", channels=32),
    discriminator=choose("discriminator", "dcgan", channels=32),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=4e-4),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=4e-4),
    batch_size=64,
    num_steps=4000,
    log_every=50,
    sample_every=500,
    checkpoint_every=500,
    steps_per_call=10,
)
