"""What tests of records ask of every one: counts of its published rows, its tiny network, a clip that it restores."""
from fnmatch import fnmatchcase

import numpy as np

from refvr import ops, zoo
from refvr.pipeline.drivers import restore_frames
from refvr.records import resolved
from refvr.train.recipes import recipe_of


def published(record):
    """The rows that are not ours: name -> (parameters, file)."""
    return {name: (zoo.build(name).parameter_count(), row.file) for name, row in record.models.items()
            if not row.weights}


def tiny(record, **options):
    """A network of the record's vector, with drawn weights."""
    return zoo.build_network(record.name, record.vector.config | options).init(np.random.default_rng(0))


def answer(record):
    """What one call of it answers, of operands that its vector has."""
    operands = {name: np.full(shape, 0.5, np.float32) for name, shape in record.vector.arrays.items()}
    with ops.backend("plain"):
        return tiny(record)(**operands, **record.vector.options)


def restored(record, frames=2, size=(16, 24), **options):
    """The shapes of what its driver makes of a grey clip."""
    clip = np.full((frames, *size, 3), 0.5, np.float32)
    with ops.backend("plain"):
        return [frame.shape for frame in restore_frames(clip, tiny(record), **options)]


def stated(name, *fields):
    """What the recipe of a model says."""
    return tuple(getattr(recipe_of(name), field) for field in fields)


def ordered(record, name, channels):
    """The order in which the official code has the channels of a value, where it has another; None otherwise."""
    found = [resolved(order)(channels).tolist() for pattern, order in record.orders if fnmatchcase(name, pattern)]
    return found[0] if found else None
