"""Files of authors, known by name and contents."""
import numpy as np
import pytest

from refvr import zoo
from refvr.checkpoints.releases import of_network
from refvr.errors import WeightsError
from refvr.zoo.official import check_published, load_official, published_digest


def test_digests_in_names():
    name = "EDVR_M_x4_SR_REDS_official-32075921.pth"
    assert published_digest(name) == "32075921" and published_digest("net-20200622.pth") == ""
    check_published(name, "32075921" + "0" * 56)
    with pytest.raises(WeightsError, match="not the file"):
        check_published(name, "0" * 64)


def test_a_file_is_taken_for_its_model(tmp_path):
    net = zoo.build("stfan").init(np.random.default_rng(0))
    np.savez(tmp_path / "a.npz", **of_network("stfan")[0].back(net.state()))
    official = load_official(tmp_path / "a.npz", "stfan")
    assert official.fit.model == "stfan" and all(np.array_equal(official.state[name], array)
                                                 for name, array in net.state().items())
    with pytest.raises(WeightsError):
        load_official(tmp_path / "a.npz", "stfan-seed")
