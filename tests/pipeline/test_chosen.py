"""The network that fits what was asked for."""
from fractions import Fraction

import numpy as np
import pytest

from refvr.errors import InputError
from refvr.pipeline.chosen import chosen, load_network


def name(task=None, model=None, scale=None, rate=Fraction(1)):
    return chosen(task, model, scale, None, "winograd", rate)[1]


def test_tasks_scales_and_rates_choose():
    assert name() == "remonet-s-told" and name(task="deblur") == "stfan-s" and name(rate=Fraction(2)) == "safa-s-moved"
    assert name(scale=2) == "duf-s-x2" and name(scale=4) == name(task="sr") == "edvr-s-x4"


@pytest.mark.parametrize("asked, says", [({"task": "sr", "model": "remonet-s"}, "is for denoise"),
                                         ({"scale": 3}, "3 times"),
                                         ({"model": "edvr-s-x4", "scale": 2}, "enlarges 4 times")])
def test_what_does_not_go_together(asked, says):
    with pytest.raises(InputError, match=says):
        name(**asked)


def test_precisions():
    assert {array.dtype for array in load_network("edvr-s-x4", None, "float64").state().values()} == {np.dtype("f8")}
    with pytest.raises(InputError, match="precision: got 'half'"):
        load_network(None, None, "half")
