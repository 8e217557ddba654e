"""What a stream holds of a value: some rows, all of them, or all of them in a file; each answers for rows it has."""
import tempfile
from pathlib import Path

import numpy as np
import pytest

from refvr.errors import OutputError
from refvr.plan.lines import Line, Stored, Whole, folder


def image(axis, height=12):
    shape = (*(2, 3)[:axis], height, 5, 4)
    return np.random.default_rng(axis).standard_normal(shape).astype(np.float32)


def rows_of(x, axis, start, stop):
    return x[(slice(None),) * axis + (slice(start, stop),)]


def check_part(line, x, axis, start, stop):
    want = rows_of(x, axis, start, stop)
    got = line.part(start, stop)
    assert got.shape == want.shape and np.array_equal(got, want)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_line_has_the_rows_that_came_and_were_not_forgotten(axis):
    """However they are cut into pieces: 12 rows come in four, and some go in between."""
    x, line, there = image(axis), Line(axis), 0
    for start, stop, forgotten in ((0, 1, 0), (1, 5, 2), (5, 6, 6), (6, 12, 7)):
        line.add(start, rows_of(x, axis, start, stop))
        for first in range(there, stop):
            for last in range(first + 1, stop + 1):
                check_part(line, x, axis, first, last)
        line.forget(forgotten)
        there = forgotten
    for first in range(7, 12):
        check_part(line, x, axis, first, 12)


def test_what_a_line_forgets_goes_from_memory():
    x, line = image(1), Line(1)
    line.add(0, x[:, :6])
    line.add(6, x[:, 6:])
    line.forget(4)
    assert [(row, rows.shape[1]) for row, rows in line._pieces] == [(4, 2), (6, 6)]
    assert line._pieces[0][1].base is None or line._pieces[0][1].base.nbytes < x[:, :6].nbytes   # no view of all six
    line.forget(6)
    assert [(row, rows.shape[1]) for row, rows in line._pieces] == [(6, 6)]


def test_a_part_that_is_one_piece_is_not_copied():
    x, line = image(1), Line(1)
    line.add(0, x[:, :6])
    line.add(6, x[:, 6:])
    assert line.part(0, 6) is line._pieces[0][1] and line.part(6, 12) is line._pieces[1][1]
    assert np.shares_memory(line.part(2, 5), x)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("kind", ["whole", "stored"])
def test_a_map_is_filled_in_any_order_and_keeps_all(axis, kind):
    x = image(axis)
    line = Whole(np.zeros_like(x), axis) if kind == "whole" else Stored.zeros(x.shape, x.dtype, axis)
    assert not line.data.any()
    for start, stop in ((5, 12), (0, 2), (2, 5)):
        line.add(start, rows_of(x, axis, start, stop))
    assert np.array_equal(line.data, x)
    check_part(line, x, axis, 3, 7)


def test_what_has_no_rows_is_there_as_a_whole():
    x = np.arange(6.0)
    assert Whole(x, None).data is x


def test_values_in_files_have_the_bytes_of_values_in_memory_and_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    rng = np.random.default_rng(5)
    for axis in (0, 1, 2):
        whole = rng.random((2, 3, 7, 5), np.float32)
        stored = Stored(whole.shape, whole.dtype, axis)
        height = whole.shape[axis]
        for row in range(height):
            stored.add(row, np.take(whole, [row], axis))
        assert stored.data.tobytes() == whole.tobytes() and stored.nbytes == 0
        assert stored.part(1, height).tobytes() == np.take(whole, range(1, height), axis).tobytes()
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_grow_is_named(monkeypatch):
    stored = Stored((1, 4, 4, 1), np.float32, 1)
    monkeypatch.setattr(stored, "_file", open("/dev/full", "r+b", buffering=0))  # noqa: SIM115
    with pytest.raises(OutputError, match="cannot grow.*TMPDIR"):
        stored.add(0, np.zeros((1, 1, 4, 1), np.float32))


def test_a_file_that_has_been_cut_off_is_named():
    stored = Stored((1, 4, 4, 1), np.float32, 1)
    stored.add(0, np.ones((1, 3, 4, 1), np.float32))
    assert stored.part(0, 3).all()
    with pytest.raises(OutputError, match="is shorter than what was written to it"):
        stored.part(2, 4)


def test_files_lie_where_tmpdir_says_or_where_no_memory_is_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert folder() == tmp_path
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr("os.access", lambda path, how: True)
    assert folder() == Path("/var/tmp")
    monkeypatch.setattr("os.access", lambda path, how: False)
    assert folder() == tmp_path
