"""A window of a large run."""
import pytest
from shuffled_ports import shuffled_port

from refvr.verify.diagnose import crop
from refvr.verify.diagnose.port import diagnose_port
from refvr.verify.runs.inputs import subject_of
from refvr.verify.runs.trace_file import write_trace

SHUFFLED = "pixel_shuffle.rows_and_columns_of_the_block_exchanged"


def test_a_large_layer_is_diagnosed_in_a_window(tmp_path, monkeypatch):
    settings = {"features": 8, "tail": 8, "offset_groups": 2, "frames": 3, "extract_blocks": 1, "reconstruct_blocks": 1}
    trace, mine = tmp_path / "trace.h5", tmp_path / "mine.h5"
    write_trace(subject_of("edvr-m-x4", "scene:48x32", init=7, settings=settings), trace)
    shuffled_port(mine, "48x32", settings)
    whole = diagnose_port(trace, mine, at="up", seconds=20)
    for name, value in {"LARGE": 1000, "SIDE": 24, "MARGIN": 6, "STEP": 4}.items():
        monkeypatch.setattr(crop, name, value)
    part = diagnose_port(trace, mine, at="up", seconds=20)
    assert part.explained[0].mistakes == whole.explained[0].mistakes == (SHUFFLED,)
    assert not whole.note and part.note.startswith("of up only rows ")
    assert diagnose_port(trace, trace, at="frame1.pcd_align.cas_dcnpack", seconds=5).agrees   # edges are left out
    late = diagnose_port(trace, mine, at="up", seconds=1e-6)
    assert not late.complete and not late.agrees and late.difference > late.tolerance


@pytest.mark.parametrize(("at", "size", "part"), [(0, 320, (0, 64)), (100, 320, (64, 128)), (319, 320, (256, 320)),
                                                  (179, 180, (112, 180)), (50, 180, (16, 80)), (7, 40, (0, 40))])
def test_windows_hold_the_place_well_inside(at, size, part):
    found = crop._around(at, size)
    assert (found.start, found.stop) == part
    assert found.start == 0 or found.start <= at - crop.MARGIN
    assert found.stop == size or found.stop > at + crop.MARGIN
