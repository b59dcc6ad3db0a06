"""How well energies are measured: the same as the end, whose last step this is.

A common factor counts: calibration is part of the answer, and what helps the end must be seen here.
"""

from opera.energies import losses, score

__all__ = ["losses", "score"]
