"""stacked-mnist: how many of 1000 classes a GAN finds; three MNIST digits as the color channels of one image.

python experiments/train.py stacked-mnist --data.dir PATH/TO/mnist

The table is `python experiments/sweep.py stacked-mnist --data-dir PATH/TO/mnist`: a loss ablation, GAN and relativistic
GAN under R1, R2, both and neither. No normalization in the discriminator, which a gradient penalty would see through.
"""

from choices import choose
from config import Config, Data

CONFIG = Config(
    data=Data(name="stacked-mnist"),
    prior=choose("prior", "normal", latent_dim=100),
    generator=choose("generator", "dcgan", channels=16, kernel=4),
    discriminator=choose("discriminator", "dcgan", channels=16, kernel=4, normalization="none"),
    objective=choose("objective", "relativistic"),
    penalty=choose("penalty", "r1-r2", weight=0.5),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=4e-4, b1=0.0, b2=0.99),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=4e-4, b1=0.0, b2=0.99),
    batch_size=64,
    num_steps=3000,
    log_every=100,
    sample_every=1000,
    checkpoint_every=1000,
    steps_per_call=10,
)
