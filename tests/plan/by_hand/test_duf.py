"""DUF in place computes what its page does."""
import numpy as np
import pytest
from places import GOLDEN
from small_duf import clip, drawn

from refvr import ops, trace
from refvr.checkpoints import names_duf
from refvr.networks.duf import DUF, Config
from refvr.pipeline.duf import window_duf
from refvr.plan.by_hand import duf as in_place
from refvr.plan.memory import Planned
from refvr.verify import load_case

CASE = GOLDEN / "duf_16L_x2_a.h5"


@pytest.mark.parametrize("options, size", [({"growth": 16}, (5, 7)), ({"growth": 32, "scale": 3}, (1, 1)),
                                           ({"growth": 16, "blocks": 2}, (9, 118))])
def test_in_place_means_the_same(options, size):
    """Growing in one volume, beside the definition in float64; sizes that cut tiles, and strips of 28 tiles."""
    x = clip(7, *size)[None]
    net, definition = drawn(**options), drawn(np.float64, **options)
    assert in_place.fits(net)
    want, answers = definition(x.astype(np.float64)), []
    for count in (1, 2, 3, 4):
        with ops.threads(count):
            answers.append(window_duf(net, x))
    assert all(y.tobytes() == answers[0].tobytes() for y in answers)
    with ops.precision("direct"):
        direct = Planned(net)(x)
    floor = np.abs(direct - want).max()  # Winograd rounds coarser, most of it is lost on the way to the pixels
    assert not np.array_equal(answers[0], direct)
    assert np.abs(answers[0] - want).max() <= 5 * floor < 1e-4


def test_in_place_beside_the_golden_case():
    case = load_case(CASE)
    net = DUF(Config(scale=2)).load(names_duf.from_official(case.state))
    window = case.inputs["lr"].astype(np.float32)
    assert in_place.fits(net)
    y = window_duf(net, window)
    np.testing.assert_allclose(y, case.outputs["sr"][:, 0], rtol=0, atol=1e-5)  # the specification, section 7


def test_who_watches_gets_every_value():
    net, x = drawn(growth=16), clip(7)[None]
    assert in_place.fits(net) and not in_place.fits(net, np.float64) and not in_place.fits(drawn(growth=17))
    for narrow in ({"width": 24}, {"head": 8}):
        assert not in_place.fits(drawn(growth=16, **narrow))
    with trace() as t:
        assert not in_place.fits(net)
        watched = net(x)
    assert t["blocks.3.conv_a"].shape == t["blocks.3.norm_b"].shape == (1, 3, 5, 7, 64 + 3 * 16)
    with ops.precision("direct"):
        assert not in_place.fits(net)
    assert watched.tobytes() == net(x).tobytes()
    assert Planned(net)(x).tobytes() == window_duf(net, x).tobytes() != watched.tobytes()
