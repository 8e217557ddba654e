"""Names of precisions, present and former."""
from refvr.precision_names import FORMER, MODES, PRECISIONS, present_name


def test_former_names_mean_present_ones():
    assert {present_name(name) for name in FORMER} == set(MODES)
    assert [present_name(name) for name in (*PRECISIONS, "x")] == [*PRECISIONS, "x"]
