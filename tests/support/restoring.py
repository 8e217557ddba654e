"""Small networks for every driver, what they answer, and runs that are stopped."""
from fractions import Fraction

import numpy as np
from subjects import TINY

from refvr import zoo
from refvr.media.clip import Frame
from refvr.pipeline.by_shots import frames_of, restore_shots
from refvr.pipeline.drivers import restore_frames

SMALL = {name: TINY[name] for name in ("remonet", "fastdvdnet")}


def small(name, **options):
    return zoo.build(name, **options).init(np.random.default_rng(7))


def nets():
    """(name, small network, options): every driver."""
    yield "remonet", small("remonet", **SMALL["remonet"]), {}
    yield "fastdvdnet", small("fastdvdnet", **SMALL["fastdvdnet"]), {"sigma": 30}
    for name, options in (("duf-s-x4", {}), ("edvr-s-x4", {}), ("edvr-s-x4", {"ensemble": True}), ("stfan-s", {}),
                          ("stfan-s", {"official": True}), ("stfan-s", {"ensemble": True}), ("safa-s", {}),
                          ("safa-s", {"rate": 3}), ("safa-s", {"rate": 2, "routing": 5})):
        yield name, zoo.load(name), options


def answers(net, clip, options, **more):
    options = {k: np.random.default_rng(v) if k == "routing" else v for k, v in options.items()}
    return list(restore_frames(clip, net, **options, **more))


class Stop(Exception):
    """Raised by a progress report."""


def stop_after(count):
    def progress(done, total):
        if done == count:
            raise Stop
    return progress


def given(options):
    """Options as `restore` has them."""
    return {"rate": 1, **options, "routing": str(options.get("routing", "threshold"))}


def frames_like(clip):
    return [Frame(x, pts=k, time_base=Fraction(1, 10)) for k, x in enumerate(clip)]


def shots_restored(net, clip, options, cuts, start=0):
    return [frame for frame, _ in restore_shots(frames_of(frames_like(clip)), net, given(options), cuts, start)]
