"""Official names and layouts against ours, both ways: nothing left over, nothing missing, nothing two-to-one."""

import numpy as np
import pytest
from places import GOLDEN

from refvr.checkpoints import names
from refvr.checkpoints.releases import release
from refvr.errors import WeightsError
from refvr.networks import edvr
from refvr.networks.fastdvdnet import FastDVDnet
from refvr.networks.remonet import Config, ReMoNet
from refvr.networks.stfan import STFAN
from refvr.networks.stfan_seed import STFANSeed
from refvr.verify import load_case

EDVR_D = edvr.Config(features=16, offset_groups=4, extract_blocks=2, reconstruct_blocks=2, hr_in=True, predeblur=True)
NETWORKS = [("remonet", "remonet_t7_a", lambda: ReMoNet(Config(frames=7))), ("fastdvdnet", "fastdvdnet_b", FastDVDnet),
            ("stfan", "stfan_official_d", STFAN), ("stfan_seed", "stfan_seed_a", STFANSeed),
            ("edvr", "edvr_tiny_d", lambda: edvr.EDVR(EDVR_D))]


@pytest.mark.parametrize("network, case, build", NETWORKS, ids=[row[0] for row in NETWORKS])
def test_both_ways(network, case, build):
    official = load_case(GOLDEN / f"{case}.h5").state
    ours = build().state()
    assert {release(network).our_name(name) for name in official} == set(ours)
    assert {release(network).official_name(name) for name in ours} == set(official)
    for name, array in official.items():
        mine = release(network).our_name(name)
        assert release(network).official_name(mine) == name
        assert release(network).our_name(f"module.{name}") == mine  # as DataParallel saves it
        turned = release(network).to_ours(mine, array)
        assert turned.shape == ours[mine].shape and turned.flags.c_contiguous, name
        assert np.array_equal(release(network).to_official(mine, turned), array)


@pytest.mark.parametrize("network, case, build", NETWORKS, ids=[row[0] for row in NETWORKS])
def test_what_is_missing_or_left_over_is_named(network, case, build):
    state = release(network).forth(load_case(GOLDEN / f"{case}.h5").state)
    build().load(state)
    for spoilt, what in ((dict(list(state.items())[1:]), f"missing {next(iter(state))}"),
                         ({**state, "extra.weight": np.zeros(3)}, "unknown extra.weight"),
                         ({**state, next(iter(state)): np.zeros(3)}, r"has shape \(3,\) instead of")):
        with pytest.raises(WeightsError, match=what):
            build().load(spoilt)


def test_every_row_of_the_tables_is_used():
    for network, case, _ in NETWORKS:
        official = [f".{name}" for name in load_case(GOLDEN / f"{case}.h5").state]
        for k, (theirs, _) in enumerate(release(network).table):
            before = official
            for fragment, ours in release(network).table[:k]:
                before = [name.replace(fragment, ours) for name in before]
            assert any(theirs in name for name in before), (network, theirs)


def test_layout():
    weight = np.arange(2 * 3 * 5 * 7.0).reshape(2, 3, 5, 7)  # o c i j
    turned = names.our_layout(weight)
    assert turned.shape == (5, 7, 3, 2) and turned[4, 6, 2, 1] == weight[1, 2, 4, 6] and turned.flags.c_contiguous
    vector = np.arange(3.0)
    assert names.our_layout(vector) is vector
