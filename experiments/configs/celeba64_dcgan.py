"""celeba64-dcgan: the DCGAN of the paper, at its full width, on faces at 64x64.

python experiments/train.py celeba64-dcgan --data.dir PATH/TO/tensorflow_datasets --generator.dtype bfloat16 \
    --discriminator.dtype bfloat16

Data: CelebA, prepared without TensorFlow by `prepare_data.py celeba`. The middle 178 x 178 of each picture is resized
as it is read; all 202 599 then take 2.5 GB, in memory. A folder or zip of CelebA's own files does as well (--data.name
folder --data.dir PATH). Sized for an accelerator. Networks, prior and optimizer of Radford et al. 2015,
arXiv:1511.06434, figure 1 and section 4, whose faces were others.
"""

from choices import choose
from config import Config, Data

CONFIG = Config(
    data=Data(name="tfds:celeb_a", split="train", resolution=64),
    prior=choose("prior", "uniform", latent_dim=100),
    generator=choose("generator", "dcgan", channels=128, kernel=5),
    discriminator=choose("discriminator", "dcgan", channels=128, kernel=5),
    objective=choose("objective", "non-saturating"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4, b1=0.5),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4, b1=0.5),
    batch_size=128,
    num_steps=50_000,
    log_every=50,
    sample_every=500,
    checkpoint_every=1000,
    steps_per_call=10,
)
