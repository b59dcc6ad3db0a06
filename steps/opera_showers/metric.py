"""How well the whole chain measures the energy of the showers that are there."""

from opera.energies import losses, score

__all__ = ["losses", "score"]
