"""What a recurrent network carries on."""
import numpy as np

from refvr import zoo
from refvr.pipeline.carry import Carry
from refvr.pipeline.drivers import restore_frames


def test_what_stfan_carries_is_enough():
    net, clip = zoo.load("stfan-s"), np.random.default_rng(3).random((7, 12, 8, 3), np.float32)
    carry = Carry()
    whole = []
    for number, y in enumerate(restore_frames(clip, net, carry=carry), 1):
        whole.append(y)
        if number == 4:
            left = {name: array.copy() for name, array in carry.take().items()}
    rest = list(restore_frames(clip[4:], net, carry=Carry(left)))
    assert len(rest) == 3 and all(np.array_equal(a, b) for a, b in zip(rest, whole[4:]))
