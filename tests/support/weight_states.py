"""States of models that are one value everywhere, in our names and in official ones."""
import numpy as np

from refvr import zoo
from refvr.checkpoints.releases import of_network


def filled(model, value):
    """A state of a model that is `value` everywhere."""
    return {name: np.full(array.shape, value, array.dtype) for name, array in zoo.build(model).state().items()}


def value_of(net):
    return float(next(iter(net.parameters().values())).flat[0])


def named(model, value, prefix="", release=0):
    """A state of a model in official names, `value` everywhere."""
    way = of_network(zoo.row_of(model).network)[release]
    return {prefix + name: array for name, array in way.back(filled(model, value)).items()}


def holds(official, value):
    """Whether every parameter is `value`."""
    return all((array == value).all() for name, array in official.state.items() if array.dtype == np.float32)
