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


def test_what_the_person_who_converts_should_know(tmp_path):
    net = zoo.build("stfan").init(np.random.default_rng(0))
    arrays = {name: array.astype(np.float64) for name, array in of_network("stfan")[0].back(net.state()).items()}
    first = next(iter(arrays))
    arrays[first].flat[:2] = np.nan, np.inf
    np.savez(tmp_path / "net-01234567.npz", **arrays)
    notes = load_official(tmp_path / "net-01234567.npz", "stfan").notes
    assert "stored as float64, rounded to float32" in notes
    assert any(note.startswith("2 values are not finite") for note in notes)
    np.savez(tmp_path / "half.npz", **{name: array.astype(np.float16) for name, array in arrays.items()})
    assert "stored as float16, widened to float32" in load_official(tmp_path / "half.npz", "stfan").notes
