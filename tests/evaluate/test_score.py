"""Scores of a network beside what one has without."""
import json

import numpy as np

from refvr.cli.main import main


def test_a_row_has_the_network_and_the_input(tmp_path, capsys):
    y, x = np.mgrid[:32, :48]
    clip = np.stack([np.repeat((0.5 + 0.4 * np.sin((x + k) / 5 + y / 7))[..., None], 3, -1) for k in range(3)])
    np.save(tmp_path / "clip.npy", clip.astype(np.float32))
    assert main(["score", "sr", str(tmp_path / "clip.npy"), "--model", "edvr-s-x4", "--json"]) == 0
    text = capsys.readouterr().out
    assert "edvr-s-x4" in text and "bicubic" in text and json.loads(text)
