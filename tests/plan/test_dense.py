"""A dense block of DUF, and the head after such blocks, are one operation each, with the bits of many."""
import numpy as np
import pytest
from small_duf import clip, drawn

import refvr
from refvr import ops
from refvr.plan import capture
from refvr.plan.cost import cost
from refvr.plan.dense import fits, weights_of
from refvr.plan.folding import folded
from refvr.plan.graph import Like
from refvr.plan.rules import simplified
from refvr.plan.run import Order
from refvr.plan.stream import Stream

RNG = np.random.default_rng(4)


def array(*shape):
    return RNG.standard_normal(shape, np.float32)


def norm(c):
    return array(c) * np.float32(0.3), array(c), array(c), array(c) ** 2


def block(c, o, pad):
    """A page of one block: (1, t, h, w, c) -> what it grows, (1, t, h, w, o), or two frames fewer."""
    norms, mix, mix_bias = [norm(c), norm(c)], array(1, 1, 1, c, c) * np.float32(0.2), array(c)
    grow, bias = array(3, 3, 3, c, o) * np.float32(0.1), array(o)

    def page(x):
        y = ops.conv3d(ops.relu(ops.batch_norm(x, *norms[0], eps=1e-3)), mix, mix_bias)
        y = ops.conv3d(ops.relu(ops.batch_norm(y, *norms[1], eps=1e-3)), grow, bias, padding=(pad, 1, 1))
        return ops.concat(x if pad else x[:, 1:-1], y)

    return page


def kinds(graph):
    return [node.kind for node in Order(graph).nodes]


@pytest.mark.parametrize("c, o", [(32, 16), (48, 19)])
@pytest.mark.parametrize("precision", ["winograd", "direct"])
@pytest.mark.parametrize("pad", [0, 1])
def test_a_block_is_one_operation_with_the_bits_of_six(c, o, precision, pad):
    """Whole and by bands: rows that see a cut are left out, tiles begin where they do in the image."""
    x = array(1, 4, 23, 9, c)
    six = folded(capture(block(c, o, pad), Like(x.shape)))
    one = simplified(six)
    assert kinds(one).count("dense_block") == 1 and len(kinds(one)) == 2 + (not pad)
    with refvr.precision(precision):
        want = Order(six).run(x)
        assert Order(one).run(x).tobytes() == want.tobytes()
        for height in (4, 8, 20):   # of bands that begin below the first row, the rows above are seen and no more
            assert Stream(one, height).run(x).tobytes() == want.tobytes()
    assert Stream(one, 4).peak < Stream(six, 4).peak


@pytest.mark.parametrize("c, o, dtype", [(24, 16, np.float32), (32, 3, np.float32), (32, 16, np.float64)])
def test_what_the_kernel_is_not_for_stays_many_operations(c, o, dtype):
    """Channels that fill no whole vector, a result too narrow for the Winograd algorithm, float64."""
    x = Like((1, 4, 23, 9, c), dtype)
    weights = weights_of([*norm(c), array(1, 1, 1, c, c), array(c), array(3, 3, 3, c, o), array(o)])
    assert not fits([np.empty(x.shape, x.dtype)], weights)
    if dtype == np.float32:
        assert "dense_block" not in kinds(simplified(folded(capture(block(c, o, 1), x))))


@pytest.mark.parametrize("options, size", [({"growth": 16}, (5, 7)), ({"growth": 32, "scale": 3, "blocks": 2}, (1, 1)),
                                           ({"growth": 16, "blocks": 0}, (23, 9)), ({"growth": 17}, (13, 9))])
def test_nothing_of_duf_is_concatenated(options, size):
    """Blocks read what the ones before made where it lies, of frames those in the middle, and so does the head."""
    net, window = drawn(**options), list(clip(7, *size)[:, None])
    graph = folded(capture(lambda frames: net(ops.stack(frames, axis=1)), [Like(x.shape) for x in window]))
    one = simplified(graph)
    blocks = len(net.blocks) + 1 if net.config.growth % 16 == 0 else 1    # the first reads whole vectors in any case
    assert kinds(one).count("dense_block") == blocks
    assert ("concat" in kinds(one)) == (blocks == 1)
    want = Order(graph).run(window)
    for schedule in (Order(one), Stream(one, 4), Stream(one, 8)):
        assert schedule.run(window).tobytes() == want.tobytes()
    if blocks > 1:
        assert Order(one).peak < Order(graph).peak
    assert cost(one)[0] == cost(graph)[0]   # multiply-adds, counted by the definition


def test_values_are_read_from_anywhere_and_a_batch_is_its_clips():
    """Three values, of seven, five and five frames, two of them views: the middle three frames are read."""
    parts = [array(2, 7, 9, 11, 16), array(2, 9, 9, 11, 32)[:, 2:-2], np.asfortranarray(array(2, 5, 9, 11, 16))]
    grow, bias, norms = array(3, 3, 3, 64, 16), array(16), norm(64)

    def page(a, b, c):
        x = ops.concat(a[:, 2:-2], ops.concat(b, c)[:, 1:-1])
        y = ops.conv3d(ops.relu(ops.batch_norm(x, *norms, eps=1e-3)), mix, mix_bias, activation="relu")
        return ops.conv3d(y, grow, bias, padding=(1, 1, 1))

    mix, mix_bias = array(1, 1, 1, 64, 64), array(64)
    graph = capture(page, *(Like(x.shape) for x in parts))
    one = simplified(graph)
    node, = (node for node in Order(one).nodes)
    assert node.options["parts"] == 3 and node.options["frames"] == 3
    assert Order(one).run(*parts).tobytes() == Order(graph).run(*parts).tobytes()


@pytest.mark.parametrize("cut", [slice(0, 2), slice(1, 4), slice(None, None, 2)])
def test_frames_that_are_not_the_middle_ones_are_cut_before(cut):
    page, x = block(32, 16, 1), array(1, 5, 6, 5, 32)
    graph = folded(capture(lambda x: page(x[:, cut]), Like(x.shape)))
    one = simplified(graph)
    assert kinds(one).count("dense_block") == 1
    assert Order(one).run(x).tobytes() == Order(graph).run(x).tobytes()


def test_threads_change_no_bit():
    page, x, found = block(32, 16, 1), array(1, 5, 21, 118, 32), set()
    one = simplified(folded(capture(page, Like(x.shape))))
    for threads in (1, 2, 3):
        with ops.threads(threads):
            found.add(Order(one).run(x).tobytes())
    assert len(found) == 1
