"""A run of many workers, simulated."""
import pytest

from refvr.pipeline.film.pieces import Piece
from refvr.pipeline.film.simulate import Times, simulated


def pieces(count, length=10):
    return [Piece(k * length, (k + 1) * length) for k in range(count)]


def test_the_simulation():
    assert simulated(pieces(8), 1, Times(1.0)) == (80, 0)
    assert simulated(pieces(8), 4, Times(1.0)) == (20, 0)
    assert simulated(pieces(8), 100, Times(1.0))[0] == 10          # no more than one piece
    assert simulated(pieces(8), 1, Times(1.0, join=1.0))[0] == 90   # one is encoded while the next is restored
    assert simulated(pieces(8), 8, Times(1.0, join=1.0)) == (90, 80 / 90)   # the encoder is what it waits for
    assert simulated(pieces(8), 2, Times(1.0, skip=0.1))[0] == 40 + 3 + 1 - 0   # each passes over the other's pieces
    assert simulated(pieces(2), 1, Times(1.0, start=5.0, task=2.0))[0] == 5 + 4 + 20
    assert simulated(pieces(8), 4, Times(1.0, write=0.5, end=0.25)) == (30 + 20, 20 / 50)


def test_workers_wait_where_too_much_is_not_yet_joined():
    seconds, busy = simulated(pieces(40), 2, Times(0.01, join=1.0))
    assert busy > 0.99 and seconds == pytest.approx(400, rel=0.01)
