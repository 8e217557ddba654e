"""Which encoder an output gets."""
from pathlib import Path

import pytest

from refvr.errors import RefvrError
from refvr.media import ClipInfo
from refvr.media.encoders import CODEC_OF_SUFFIX, Plan, plan


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov", ".avi"])
def test_the_ending_decides_where_nothing_is_asked_for(suffix):
    made = plan(Path(f"a{suffix}"), ClipInfo(48, 32), (32, 48))
    assert made.codec == CODEC_OF_SUFFIX[suffix] and made.pix_fmt


def test_what_does_not_exist_is_refused():
    with pytest.raises(RefvrError):
        plan(Path("a.mp4"), ClipInfo(48, 32), (32, 48), codec="nocodec")


def test_frames_that_an_encoder_holds():
    assert Plan("libx264", "yuv420p").held_frames > 0


def test_x265_does_without_what_is_not_safe_for_narrow_pictures():
    """It wrote beyond its memory, as valgrind tells, and ended the process; wider pictures are coded as before."""
    wide, narrow = (plan(Path("a.mkv"), ClipInfo(w, 32), (32, w), codec="libx265").options["x265-params"]
                    for w in (64, 62))
    assert narrow == f"{wide}:cutree=0"
