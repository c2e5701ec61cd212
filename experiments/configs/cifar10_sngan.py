"""cifar10-sngan: SNGAN's residual networks on CIFAR-10; hinge loss, spectral norm, five discriminator steps.

python experiments/train.py cifar10-sngan --data.dir PATH/TO/tensorflow_datasets

Data: `prepare_data.py cifar10`. Sized for an accelerator. Shows what a bound on every layer's
slope buys: networks and settings of Miyato et al. 2018, arXiv:1802.05957, table 4 and appendix B (whose generator sees
batches twice as large; here both see one size).
"""

from choices import choose
from config import Config, Data, Update

CONFIG = Config(
    data=Data(name="tfds:cifar10"),
    prior=choose("prior", "normal", latent_dim=128),
    generator=choose("generator", "resnet", channels=256),
    discriminator=choose("discriminator", "resnet", channels=128),
    objective=choose("objective", "hinge"),
    gen_optimizer=choose("gen_optimizer", "adam", learning_rate=2e-4, b1=0.0, b2=0.9),
    disc_optimizer=choose("disc_optimizer", "adam", learning_rate=2e-4, b1=0.0, b2=0.9),
    update=Update(disc_steps=5),
    batch_size=64,
    num_steps=100_000,
    log_every=100,
    sample_every=1000,
    checkpoint_every=2000,
    steps_per_call=10,
)
