"""What a driver calls."""
import pytest

from refvr import zoo
from refvr.pipeline.pieces import pieces
from refvr.plan import capture


@pytest.mark.parametrize("name", zoo.MODELS)
def test_pieces_of_every_model_are_captured(name):
    net = zoo.build(name)
    for piece in pieces(net, 20, 36):
        graph = capture(piece.page, *piece.inputs, **piece.options)
        assert graph.outputs and piece.calls > 0 and piece.held >= 0


def test_pieces_are_for_the_size_that_the_network_wants():
    assert pieces(zoo.build("remonet-s"), 3, 9)[0].inputs[0][0].shape == (1, 8, 16, 3)
    assert [piece.name for piece in pieces(zoo.build("edvr-m-x4"), 16, 16)] == ["extract", "fuse", "reconstruct"]
