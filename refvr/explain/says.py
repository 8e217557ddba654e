"""What a network says of itself at one pixel of its result: filters, taps, attention, flow, as exhibits for a page.

An exhibit is a dictionary that a page (page/story.js) and JSON can hold, of one of these kinds:

    filters  items: [{label, w: k*k weights}], marked: index of the one in question
    channels k, count, f4: count*k*k float32 weights in base64, of which the reader chooses a channel
    taps     frame, unit_px: input pixels per step of its map, at: (row, column) of the map, groups: [{offset, mask}]
    bars     items: [{label, value}], unit
    table    head, rows
"""
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from refvr import ops
from refvr.explain.encode import floats
from refvr.records import resolved
from refvr.types import Config
from refvr.verify.runs.network_call import Subject

if TYPE_CHECKING:
    from refvr.networks.safa import SAFA

Exhibit = dict[str, Any]
Values = Mapping[str, np.ndarray]


class Level(NamedTuple):
    """A deformable convolution of EDVR's alignment: its path, steps of the finest map for one of its own, and words.

    on_aligned  it reads features that already lie where the middle frame has them
    """

    path: str
    unit: int
    says: str
    on_aligned: bool = False


LEVELS = (Level("l3.dcn", 4, "quarter scale"), Level("l2.dcn", 2, "half scale"), Level("l1.dcn", 1, "full scale"),
          Level("cas_dcnpack", 1, "cascade, on what is aligned already", True))


def pixels_of_a_step(config: Config) -> int:
    """Input pixels for one step of EDVR's finest features, which have a quarter of the result's resolution."""
    return 4 // config.scale


def _list(x: np.ndarray, digits: int = 6) -> list[Any]:
    return [float(f"{v:.{digits}g}") for v in np.ravel(x)]


def duf(subject: Subject, v: Values, y: int, x: int) -> list[Exhibit]:
    """The filters of a cell and the residual."""
    s = subject.net.config.scale
    (i, a), (j, b) = divmod(y, s), divmod(x, s)
    filters = ops.dynamic_filters(v["filters2"][:, 0, i:i + 1, j:j + 1], s)[0, 0, 0]        # (25, s s)
    residual = v["residual2"][0, 0, i, j].reshape(s * s, 3)[a * s + b]
    return [{"kind": "filters", "title": f"5x5 filters of the {s}x{s} pixels of this cell, over the middle frame",
             "marked": a * s + b, "items": [{"label": f"phase {u // s},{u % s}", "w": _list(filters[:, u])}
                                            for u in range(s * s)]},
            {"kind": "bars", "title": "residual of this pixel, added after the filter", "unit": "of 1 = white",
             "items": [{"label": c, "value": float(r)} for c, r in zip(("red", "green", "blue"), residual)]}]


def edvr(subject: Subject, v: Values, y: int, x: int) -> list[Exhibit]:
    """Attention, and the taps of every alignment."""
    config = subject.net.config
    i, j = y // 4, x // 4
    found: list[Exhibit] = []
    if config.tsa:
        alike = v["fusion.alike"][0, i, j]
        found.append({"kind": "bars", "title": "temporal attention: how alike each aligned frame is to the middle one",
                      "unit": "0 to 1, a sigmoid", "items": [{"label": f"frame {k - config.reference:+d}",
                                                              "value": float(a)} for k, a in enumerate(alike)]})
    for k in range(config.frames):
        for level in LEVELS:
            path = f"frame{k}.pcd_align.{level.path}"
            at = i // level.unit, j // level.unit
            offset = v[f"{path}.offset_px"][0, at[0], at[1]].reshape(config.offset_groups, 9, 2)
            mask = v[f"{path}.mask"][0, at[0], at[1]].reshape(config.offset_groups, 9)
            found.append({"kind": "taps", "title": f"frame {k - config.reference:+d}, {level.says}",
                          "frame": config.reference if level.on_aligned else k,
                          "unit_px": level.unit * pixels_of_a_step(config), "at": list(at),
                          "groups": [{"offset": _list(o, 4), "mask": _list(m, 4)} for o, m in zip(offset, mask)]})
    return found


def stfan(subject: Subject, v: Values, y: int, x: int) -> list[Exhibit]:
    """Filters of alignment and deblurring."""
    found = []
    for name, what in (("align", "alignment filters: what of the past features comes here"),
                       ("deblur", "deblurring filters: over the features of this frame")):
        w = v[f"{name}.filters"][0, y // 4, x // 4].reshape(25, -1)                        # (25, c)
        order = np.argsort(-np.abs(w - w.mean(1, keepdims=True)).sum(0))[:12]
        found.append({"kind": "filters", "title": f"{what}; the mean of all channels, and the 12 furthest from it",
                      "marked": 0, "items": [{"label": "mean", "w": _list(w.mean(1), 4)},
                                             *({"label": f"channel {c}", "w": _list(w[:, c], 4)} for c in order)]})
        found.append({"kind": "channels", "title": f"{what.partition(':')[0]}, any channel", "k": 5,
                      "count": w.shape[1], "f4": floats(w.T)})
    return found


def safa(subject: Subject, v: Values, y: int, x: int) -> list[Exhibit]:
    """The flow after each step, and the blend."""
    blocks = len(cast("SAFA", subject.net).blocks)
    rows = [[f"step {k + 1}", *(f"{f:.3f}" for f in v[f"t0.step{k}.flow"][0, y, x, :4])] for k in range(blocks)]
    mask = float(v["t0.mask"][0, y, x, 0])
    return [{"kind": "table", "title": "flow to both frames after each step, in pixels of the result",
             "head": ["", "right, first", "down, first", "right, second", "down, second"], "rows": rows},
            {"kind": "bars", "title": "the blend", "unit": "share",
             "items": [{"label": "first frame", "value": mask}, {"label": "second frame", "value": 1 - mask}]}]


def remonet(subject: Subject, v: Values, y: int, x: int) -> list[Exhibit]:
    """What every step guessed."""
    fold, size = subject.net.config.fold, subject.net.config.frames
    k, items = subject.about["frame"] % size, []
    for t in range(size):
        for place in range(3):
            if min(max(t - 1 + place, 0), size - 1) != k:
                continue
            guess = np.split(v[f"step{t}.guess"], 3, axis=-1)[place]
            value = ops.pixel_shuffle(np.ascontiguousarray(guess), fold)[0, y, x]
            items.append([f"step {t}", f"frame {('before', 'in the middle', 'after')[place]}",
                          *(f"{c:.4f}" for c in value)])
    return [{"kind": "table", "title": "guesses of this pixel that the steps left", "head":
             ["", "as the", "red", "green", "blue"], "rows": items}]


def says(subject: Subject, values: Values, y: int, x: int) -> list[Exhibit]:
    """The exhibits at pixel (y, x) of the result; `values`: the trace of the call. None where its record has none."""
    of_network = resolved(subject.record.explained.says)
    return of_network(subject, values, y, x) if of_network else []
