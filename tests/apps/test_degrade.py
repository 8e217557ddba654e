"""Pairs in files."""
import json

import numpy as np
import pytest
from scene_clips import scene_clip

from refvr.cli.main import main
from refvr.degrade.kinds import degradation
from refvr.media import open_reader


@pytest.mark.parametrize("form", ["png", "h5", "mkv"])
def test_degrade_writes_pairs(form, tmp_path, capsys):
    clip = scene_clip()
    np.save(tmp_path / "clip.npy", np.stack(clip))
    ending = "" if form == "png" else f".{form}"
    assert main(["degrade", str(tmp_path / "clip.npy"), "-o", str(tmp_path / "out" / "pair"), "--as", "duf-x4",
                 "--format", form, "--frames", "3", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["degraded"], report["clean"]) == (3, 3)
    expected = list(degradation("duf-x4").apply(clip[:3]))
    for k, name in enumerate(("degraded", "clean")):
        with open_reader(tmp_path / "out" / "pair" / f"{name}{ending}") as reader:
            got = [frame.rgb for frame in reader]
        assert len(got) == 3
        for rgb, pair in zip(got, expected):
            assert np.abs(rgb - np.clip(pair[k], 0, 1)).max() <= (0 if form == "h5" else 0.5 / 255 + 1e-6)
