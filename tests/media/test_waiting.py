"""Files of many pictures are written at the end."""
import numpy as np
import pytest

from refvr.media import ClipInfo, Frame, open_reader, open_writer


def test_frames_come_back_in_order_with_their_times(tmp_path):
    pytest.importorskip("PIL")
    with open_writer(tmp_path / "a.apng", ClipInfo(6, 4)) as out:
        for k in range(3):
            out.write(Frame(np.full((4, 6, 3), k / 2, np.float32), k / 10))
        assert not (tmp_path / "a.apng").exists()
    with open_reader(tmp_path / "a.apng") as clip:
        found = list(clip)
    assert [round(float(frame.rgb.mean()), 2) for frame in found] == [0, 0.5, 1]
