"""`refvr degrade`."""
import numpy as np

from refvr.cli.main import main


def test_a_pair_and_an_unknown_kind(tmp_path, capsys):
    np.save(tmp_path / "clip.npy", np.random.default_rng(0).random((2, 16, 24, 3), np.float32))
    assert main(["degrade", str(tmp_path / "clip.npy"), "-o", str(tmp_path / "pair"), "--as", "bicubic-x2"]) == 0
    assert len(list((tmp_path / "pair").iterdir())) >= 2
    assert main(["degrade", str(tmp_path / "clip.npy"), "-o", str(tmp_path / "other"), "--as", "fog"]) == 2
