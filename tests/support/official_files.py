"""Files with official names."""
from weight_states import filled

from refvr import zoo
from refvr.checkpoints import pth_write
from refvr.checkpoints.releases import of_network


def official(path, model, value, prefix=""):
    """A PyTorch file with a state of a model in official names."""
    release = of_network(zoo.row_of(model).network)[0]
    pth_write.save(path, {prefix + name: array for name, array in release.back(filled(model, value)).items()})
    return path
