"""`refvr shots`."""
import json

import numpy as np

from refvr.cli.main import main


def test_a_cut_is_found_and_written_as_restore_reads_it(tmp_path, capsys):
    dark, light = (np.random.default_rng(k).random((1, 48, 64, 3), np.float32) ** power
                   for k, power in ((0, 4), (1, 0.3)))
    np.save(tmp_path / "clip.npy", np.concatenate([dark.repeat(12, 0), light.repeat(12, 0)]))
    assert main(["shots", str(tmp_path / "clip.npy")]) == 0
    assert "12" in json.dumps(json.loads(capsys.readouterr().out))
    assert main(["shots", str(tmp_path / "none.mp4")]) == 2
