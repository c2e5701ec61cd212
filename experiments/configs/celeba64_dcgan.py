"""celeba64-dcgan: the DCGAN of the paper, at its full width, on faces at 64x64.

python experiments/train.py celeba64-dcgan --data.dir PATH/TO/tensorflow_datasets --generator.dtype bfloat16 \
    --discriminator.dtype bfloat16

Data: tfds's celeb_a, prepared as array_record files. Pictures are read whole, into memory, and then resized (to a
square: a little wider than they were); 40 % of the set is what fits into the 8 GiB that the reader allows. Sized for an
accelerator. Networks, prior and optimizer of Radford et al. 2015, arXiv:1511.06434, figure 1 and section 4, whose faces
were others.
"""

from config import Config, Data, choose

CONFIG = Config(
    data=Data(name="tfds:celeb_a", split="train[:40%]", resolution=64),
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
