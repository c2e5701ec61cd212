"""tutorial-matlab-mnist-as-run: the same programme with the settings that took effect.

    python experiments/train.py tutorial-matlab-mnist-as-run --data.dir PATH/TO/mnist

The quirk of quirks: the programme that circulates with 1500 rounds sets its learning rate and its dropout on a variable
that nothing reads, so that the toolbox's own defaults ran: rate 2, no dropout, and weight decay on the discriminator
alone. Its error is a mean over a batch of real and generated images together, half of ours, hence the discriminator's
rate of 1 here. One digit after 500 rounds, several kinds of them after 1500, rough as one layer makes them; 90 s.
"""

from dataclasses import replace

from choices import choose

from configs import tutorial_matlab_mnist

CONFIG = replace(
    tutorial_matlab_mnist.CONFIG,
    discriminator=choose("discriminator", "tutorial-matlab", dropout=0.0),
    gen_optimizer=choose("gen_optimizer", "sgd", learning_rate=2.0, momentum=0.5),
    disc_optimizer=choose("disc_optimizer", "sgd", learning_rate=1.0, momentum=0.5, l2=1e-4),
)
