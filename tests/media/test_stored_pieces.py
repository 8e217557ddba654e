"""Names of the pieces that workers have finished."""
from refvr.media.stored_pieces import stored_name, stored_pieces


def test_names_are_read_back_in_order_and_logs_are_none(tmp_path):
    for start, stop in ((18, 36), (0, 18), (10 ** 9, 10 ** 9 + 5)):
        (tmp_path / stored_name(start, stop, ".mkv")).touch()
    (tmp_path / (stored_name(0, 18, ".mkv") + ".log")).touch()
    (tmp_path / "other.mkv").touch()
    assert [(start, stop) for start, stop, _ in stored_pieces(tmp_path)] == [(0, 18), (18, 36), (10 ** 9, 10 ** 9 + 5)]
