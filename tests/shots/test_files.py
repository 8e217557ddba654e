"""Lists of cuts in files."""
from fractions import Fraction

import pytest

from refvr.errors import InputError
from refvr.shots.files import read_cuts


@pytest.mark.parametrize(("text", "says"), [
    ("", "neither JSON nor an EDL"), ("{}", "no list of cuts"), ("[1, 2.5]", "has 2.5"), ("[0]", "has 0"),
    ("[3, 3]", "3 after 3"), ("[true]", "has True"), ('["9"]', "has '9'"), ("[" * 99999, "neither"),
    ("FCM: DROP FRAME\n001  AX  V  C  00:00:00:00 00:00:01:00 00:00:00:00 00:00:01:00", "drop frames")])
def test_files_that_are_no_cuts(tmp_path, text, says):
    (tmp_path / "cuts").write_text(text)
    with pytest.raises(InputError, match=f"cuts: .*{says}") as error:
        read_cuts(tmp_path / "cuts", Fraction(24))
    assert "\n" not in str(error.value)


def test_a_strangers_edl(tmp_path):
    """The film begins at an hour; sound is listed too, a dissolve is no cut."""
    (tmp_path / "a.edl").write_text("""TITLE: x\nFCM: NON-DROP FRAME\n
001  REEL1 V     C        00:10:00:00 00:10:02:00 01:00:00:00 01:00:02:00
* FROM CLIP NAME: one.mov
002  REEL1 A     C        00:10:00:00 00:10:01:00 01:00:00:00 01:00:01:00
003  REEL2 AA/V  C        00:00:05:00 00:00:06:00 01:00:02:00 01:00:03:00
004  REEL3 V     D    012 00:00:05:00 00:00:06:00 01:00:03:00 01:00:04:00
005  REEL3 V     C        00:00:05:00 00:00:06:00 01:00:04:12 01:00:05:00\n""")
    assert read_cuts(tmp_path / "a.edl", Fraction(24000, 1001)) == (48, 108)
