"""All randomness of a simulation: streams that depend on the seed and their name alone."""

from collections.abc import Callable
from random import Random


class Chance:
    """Streams by name: what one part of the world draws does not change what another gets."""

    def __init__(self, seed: str) -> None:
        self.seed = seed

    def stream(self, *name: object) -> Random:
        """The stream of this name, from its beginning."""
        return Random("/".join((self.seed, *map(str, name))))

    def ids(self, *name: object) -> Callable[[int], str]:
        """What makes ids unique, as `secrets.token_hex`."""
        stream = self.stream("ids", *name)
        return lambda count: f"{stream.getrandbits(8 * count):0{2 * count}x}"
