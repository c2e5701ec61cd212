"""The type checker of the tests: beartype, with an int, or a scalar array, where a float is wanted.

A hyperparameter is written `float`; in a population of games it is a traced scalar.
"""

from beartype import BeartypeConf, FrozenDict, beartype
from jaxtyping import Array, Float

check = beartype(conf=BeartypeConf(hint_overrides=FrozenDict({float: float | int | Float[Array, ""]})))
