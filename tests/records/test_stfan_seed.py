"""The record of STFAN's re-implementation: what it shares with STFAN, and what it has not."""
import numpy as np
from record_facts import ordered, published

from refvr import zoo
from refvr.checkpoints.releases import of_network
from refvr.records import NETWORKS

SEED, STFAN = NETWORKS["stfan_seed"], NETWORKS["stfan"]


def test_its_one_configuration():
    """No weights of it are published, nothing trains it, no race or vector has it; those of STFAN do not fit."""
    assert published(SEED) == {"stfan-seed": (5_653_251, "")}
    assert SEED.objective is None and not SEED.recipes and not SEED.race.models and SEED.vector is None
    net, other = zoo.build("stfan-seed"), zoo.build("stfan")
    assert net.state().keys() != other.state().keys()
    assert zoo.recommended("deblur") not in SEED.models


def test_it_is_driven_like_stfan():
    assert (SEED.driver, SEED.tasks) == (STFAN.driver, STFAN.tasks)
    assert SEED.call.images == STFAN.call.images and SEED.call.results == STFAN.call.results
    assert SEED.pieces != STFAN.pieces                               # its state is half as wide


def test_its_call_under_the_names_of_the_printed_code():
    assert SEED.call.official == {"frame": "cur", "previous": "pre", "restored": "dpre", "state": "fpre"}
    net = zoo.build("stfan-seed")
    images = [np.zeros((1, 8, 8, 3), np.float32)] * 3
    picture, state = net(*images)
    assert picture.shape == (1, 8, 8, 3) and state.shape == (1, 2, 2, 128)
    assert zoo.build("stfan")(*images)[1].shape == (1, 2, 2, 256)


def test_channels_of_the_filters_are_ordered_as_in_stfan():
    assert ordered(SEED, "deblur.filters", 75) == ordered(STFAN, "deblur.filters", 75)
    assert [one.name for one in of_network("stfan_seed")] == ["stfan_seed"]
