"""Questions to models of random weights."""

import functools

from glassformer.glass.causes.asking import ask
from tests.glass.causes.configs import CONFIGS
from tests.glass.models import cached
from tests.model.helpers import named

FIRST, SECOND, TARGET = "a b c d", "a e c d", "b a d"


@functools.cache
def _question(name, versus, step):
    options = next(one for one in CONFIGS if named(one) == name)
    return ask(cached(**options), FIRST, target=TARGET, step=step, against="f", versus=versus)


def question(options, versus=SECOND, step=2):
    """Why the third word is d and not f."""
    return _question(named(options), versus, step)
