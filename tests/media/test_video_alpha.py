"""Transparency of videos."""
from fractions import Fraction

import media_clips
import numpy as np
import pytest
from pictures import frames

from refvr.media import ClipInfo, Frame, open_writer


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
def test_alpha_of_webm_is_decoded_and_kept(tmp_path, codec):
    alpha = np.zeros((24, 32), np.float32)
    alpha[:, 16:] = 1
    like = ClipInfo(32, 24, 3, fps=Fraction(25), has_alpha=True)
    with open_writer(tmp_path / "in.webm", like, codec=codec, pix_fmt="yuva420p") as out:
        for x in media_clips.smooth(3, 24, 32):
            out.write(Frame(x, alpha=alpha))
    _, out = media_clips.copy(tmp_path / "in.webm", tmp_path / "out.webm", codec=codec, pix_fmt="yuva420p")
    assert not [line for line in out.warnings if "transparency" in line]
    for name in ("in", "out"):
        info, got, _ = frames(tmp_path / f"{name}.webm")
        assert info.has_alpha and len(got) == 3 and info.codec == {"libvpx-vp9": "vp9", "libvpx": "vp8"}[codec]
        assert all(np.abs(frame.alpha - alpha).max() < 0.1 for frame in got)
        assert [frame.pts * frame.time_base for frame in got] == [0, Fraction(1, 25), Fraction(2, 25)]
