"""Which frames are restored together."""
from fractions import Fraction

import numpy as np
import pytest
from restoring import frames_like, given, nets, shots_restored

from refvr import zoo
from refvr.errors import InputError
from refvr.pipeline.by_shots import frames_of
from refvr.pipeline.film.pieces import Piece, pieces_of, restore_piece

CASES = [*nets(), ("remonet-s-told", zoo.load("remonet-s-told"), {"sigma": 20})]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join([case[0], *case[2]]))
def test_pieces_are_the_film(case):
    name, net, options = case
    heavy = name in ("duf-s-x4", "edvr-s-x4", "safa-s")
    count, cuts = (9, (4,)) if heavy else (23, ()) if "official" in options else (17, (9,))
    clip = np.random.default_rng(3).random((count, 12, 8, 3), np.float32)
    whole = shots_restored(net, clip, options, cuts)
    frames, options = frames_like(clip), given(options)
    for length in (2, 5, 40):
        pieces = pieces_of(net, options, count, cuts, length)
        got = [frame for piece in reversed(pieces)   # in any order
               for frame in reversed(list(restore_piece(frames_of(frames), net, options, cuts, piece)))][::-1]
        assert len(pieces) > 1 or length == 40 or "stfan" in name
        assert all(np.array_equal(a.rgb, b.rgb) and a.pts == b.pts for a, b in zip(got, whole, strict=True))


def test_where_a_film_is_divided():
    def edges(name, frames, cuts, length, **options):
        found = pieces_of(zoo.build(name), given(options), frames, cuts, length)
        assert all(a.stop == b.start for a, b in zip(found, found[1:])) and found[0].start == 0
        return [piece.stop for piece in found]

    assert edges("duf-s-x4", 10, (3,), 4) == [3, 7, 10]
    assert edges("remonet-s", 30, (7,), 12) == [7, 17, 27, 30]           # windows of five
    assert edges("remonet-s-told", 30, (7,), 10, sigma=20) == [7, 16, 25, 30]      # that give three
    assert edges("stfan-s", 30, (7,), 2) == [7, 30]
    assert edges("stfan-s", 50, (), 2, official=True) == [20, 40, 50]
    assert edges("safa-s", 5, (2,), 1, rate=Fraction(5, 2)) == [3, 5, 8, 10, 11]
    assert edges("safa-s", 4, (), 1, rate=Fraction(1, 3)) == [1, 2]
    assert edges("duf-s-x4", 1, (), 48) == [1]
    with pytest.raises(InputError, match="pieces: got 0"):
        edges("duf-s-x4", 3, (), 0)
    assert Piece(3, 5) == (3, 5)
