"""Which driver runs a network, and what it can be told."""
import numpy as np
import pytest

from refvr import zoo
from refvr.errors import InputError
from refvr.pipeline.drivers import can_measure, driver_of, needs_sigma, scale_of, step_of, takes_sigma


@pytest.mark.parametrize("model, told, must, measured, scale", [
    ("remonet-s", False, False, False, 1), ("remonet-s-told", True, False, True, 1),
    ("fastdvdnet", True, True, False, 1), ("edvr-s-x4", False, False, False, 4), ("duf-s-x2", False, False, False, 2),
    ("safa-s", False, False, False, 4)])
def test_what_each_is_told(model, told, must, measured, scale):
    net = zoo.build(model)
    assert (takes_sigma(net), needs_sigma(net), can_measure(net), scale_of(net)) == (told, must, measured, scale)


def test_options_that_a_network_has_not_are_refused():
    net = zoo.build("edvr-s-x4")
    assert driver_of(net, {"ensemble": True})[1] == {"ensemble": True}
    assert driver_of(net, {"rate": 1, "sigma": None, "routing": "threshold"})[1] == {}   # as if it were not said
    for options in ({"sigma": 25.0}, {"rate": 2}):
        with pytest.raises(InputError, match="EDVR"):
            driver_of(net, options)
    with pytest.raises(InputError):
        driver_of(np.zeros(3), {})


def test_recurrent_networks_are_not_divided():
    assert step_of(zoo.build("stfan-s"), {}) is None and step_of(zoo.build("remonet"), {}) == 5
