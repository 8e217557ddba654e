"""Which network the arrays of a file are for."""
import numpy as np

from refvr import zoo
from refvr.checkpoints.contents import Contents, LazyArray
from refvr.checkpoints.releases import of_network
from refvr.zoo.fits import fits, plain_names, taken, times


def contents(model, prefix=""):
    official = of_network(zoo.row_of(model).network)[0].back(zoo.build(model).state())
    arrays = {prefix + name: LazyArray(array.shape, "float32", lambda array=array: array)
              for name, array in official.items()}
    return Contents("test", {"state_dict": arrays})


def test_the_model_and_the_place_are_found():
    best = fits(contents("stfan", "module."))[0]
    assert (best.model, best.prefix, best.problems) == ("stfan", "module.", ()) and best.place == "state_dict.module"
    assert len(taken(contents("stfan", "module."), best)) == len(zoo.build("stfan").state())


def test_what_differs_is_named():
    spoilt = contents("stfan")
    name = next(iter(spoilt.groups["state_dict"]))
    del spoilt.groups["state_dict"][name]
    best = fits(spoilt, "stfan")[0]
    assert best.problems == (f"{name} is missing",) and best.missing == (name,) and not best.lacks_buffers


def test_names_and_shapes_in_words():
    array = LazyArray((1,), "float32", lambda: np.zeros(1))
    assert list(plain_names({"a._orig_mod.b": array})) == ["a.b"]
    assert times((3, 3, 64)) == "3x3x64" and times(()) == "one value"
