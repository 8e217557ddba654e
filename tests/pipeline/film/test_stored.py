"""Restored pieces in files."""
from fractions import Fraction

import numpy as np
import pytest
from film_frames import frame

from refvr.errors import InputError, OutputError
from refvr.media.image_tags import ImageTags
from refvr.pipeline.film.pieces import Piece
from refvr.pipeline.film.stored import path_of, store, stored


def test_a_stored_piece_is_what_it_was(tmp_path):
    tags = ImageTags(b"\0\xffprofile", (72.0, 300.5), (2, 3))
    frames = [frame(pts=3, time_base=Fraction(1, 30000), duration=1001, name="a_1"),
              frame(np.ones((5, 7), np.float32), np.full((5, 7, 3), -2, np.float32), tags=tags), frame()]
    assert store(path_of(tmp_path, Piece(4, 7)), iter(frames)) == 3
    for got, want in zip(stored(path_of(tmp_path, Piece(4, 7))), frames, strict=True):
        for name in ("rgb", "alpha", "beyond"):
            a, b = getattr(got, name), getattr(want, name)
            assert (a is None) == (b is None) and (a is None or (a.dtype == b.dtype and np.array_equal(a, b)))
        for name in ("pts", "time_base", "duration", "name", "tags"):
            assert getattr(got, name) == getattr(want, name)
    assert [p.name for p in tmp_path.iterdir()] == ["restored-000000004-000000007.zip"]


def test_a_damaged_piece_is_named(tmp_path):
    path = path_of(tmp_path, Piece(0, 2))
    store(path, [frame(), frame()])
    data = bytearray(path.read_bytes())
    data[400] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="restored-.* is damaged"):
        list(stored(path))
    with pytest.raises(OutputError, match="cannot be written"):
        store(tmp_path / "nowhere" / "a.zip", [frame()])
