"""A mistake of the catalogue in one call, and what it must be: its formula, and not the right answer.

Plain definitions answer, so that nothing has to be compiled.
"""
import numpy as np

from refvr import ops
from refvr.verify.mistakes import MISTAKES, SUBJECTS, NotHereError


def right(name, *operands, **options):
    """The right answer of the operation in which the mistake `name` is made."""
    subject = SUBJECTS[name.split(".")[0]]
    with ops.backend("plain"):
        return subject.call(subject.bind(*operands, **options))


def wrong(name, *operands, **options):
    """The answer of the mistake."""
    made = MISTAKES[name]
    with ops.backend("plain"):
        return made.run(SUBJECTS[made.operation].bind(*operands, **options))


def possible(name, *operands, **options):
    """Whether the mistake can be made in such a call."""
    try:
        wrong(name, *operands, **options)
    except NotHereError:
        return False
    return True


def shows(name, expected, *operands, within=1e-12, **options):
    """The mistake answers `expected`, which nobody takes for the right answer."""
    answer, good = wrong(name, *operands, **options), right(name, *operands, **options)
    np.testing.assert_allclose(answer, expected, rtol=within, atol=within)
    assert answer.shape != good.shape or not np.allclose(answer, good, rtol=100 * within, atol=100 * within)


def made_in(module):
    """The names of the mistakes that a module defines."""
    return {name for name, made in MISTAKES.items() if made.wrong.__module__ == module.__name__}


def drawn(*shape, seed=0):
    """Values of float64 around zero."""
    return np.random.default_rng(seed).standard_normal(shape)
