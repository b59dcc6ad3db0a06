"""The contracts' names and ours: camelCase there, snake_case here, keys there, names here."""

from __future__ import annotations

import re

DIRECTIONS = ("minimise", "maximise")
OPINIONS = ("comment", "reproduced", "concern")

# Parameters that are numbers on the chain and words here.
CHOICES = {"direction": DIRECTIONS, "opinion": OPINIONS}

_HUMP = re.compile(r"(?<=[a-z0-9])([A-Z])")


def snake(name: str) -> str:
    """Give our name of a contract's parameter.

    >>> snake("e2eScoreWad"), snake("challengeKey")
    ('e2e_score_wad', 'challenge_key')
    """
    return _HUMP.sub(r"_\1", name).lower()


def camel(name: str) -> str:
    """Give a contract's name of an action's class.

    >>> camel("RegisterStep")
    'registerStep'
    """
    return name[0].lower() + name[1:]
