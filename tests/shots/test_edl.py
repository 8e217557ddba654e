"""Edit decision lists, as editing programs read them."""
from fractions import Fraction

from refvr.shots.edl import edl


def test_time_codes_by_hand():
    lines = edl([(0, 25), (25, 3600 * 30 + 61)], Fraction(30000, 1001), "a   film\nof two").splitlines()
    assert lines[:2] == ["TITLE: a film of two", "FCM: NON-DROP FRAME"]
    assert lines[3].split() == ["001", "AX", "V", "C", "00:00:00:00", "00:00:00:25", "00:00:00:00", "00:00:00:25"]
    assert lines[4].split()[4:6] == ["00:00:00:25", "01:00:02:01"]
