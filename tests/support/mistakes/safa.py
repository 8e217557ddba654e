"""Mistakes in SAFA, in its sampling operations and in what is around it."""
import sys
from dataclasses import replace

import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.checkpoints import names_safa
from refvr.networks import safa
from refvr.ops.kernels import taps
from refvr.verify.cases.families import safa as family

warp, grid_sample, concat, route = ops.warp, ops.grid_sample, ops.concat, ops.route
clip, cubic = ops.clip, ops.resize_cubic


def _module(name):
    """The file of an operation; refvr.ops.NAME is the operation itself."""
    return sys.modules[f"refvr.ops.{name}"]


@mistake("op_warp_a", dtype="float64")
def flow_gradient_on_the_border_is_kept(put):
    warp = _module("warp")
    plain, rows = warp._flow_gradient, warp._flow_rows
    put(warp, "_flow_gradient", lambda dat, slope, dtype: plain(dat, np.ones_like(slope), dtype))
    put(warp, "_flow_rows", lambda start, stop, dat, at, held, dflow: rows(start, stop, dat, at, False, dflow))


@mistake("op_grid_sample_a")
def mirror_keeps_the_sign_of_the_gradient(put):
    places = _module("grid_sample")
    right = places.moved

    def unsigned(*arguments, **options):
        at, slope = right(*arguments, **options)
        return at, np.abs(slope)

    put(places, "moved", unsigned)


@mistake("op_cv2_cubic_resize_a")
def rows_are_summed_front_to_back(put):
    put(taps.Taps, "reversed", lambda self: self)


@mistake("op_cv2_cubic_resize_a")
def bytes_are_cut_in_place_of_rounded(put):
    put(ops, "resize_cubic", lambda x, scale: cubic(x, scale) if x.dtype != np.uint8 else np.clip(
        cubic(x.astype(np.float64), scale), 0, 255).astype(np.uint8))


@mistake("safa_c")
def time_comes_first_in_the_blocks(put):
    put(ops, "concat", lambda *xs, **options: concat(*(xs[-1:] + xs[:-1] if len(xs) == 5 else xs), **options))


@mistake("safa_c")
def time_comes_last_in_the_decoder(put):
    put(ops, "concat", lambda *xs, **options: concat(*(xs[1:] + xs[:1] if len(xs) == 3 else xs), **options))


@mistake("safa_c")
def features_are_fetched_with_the_flow_of_the_frames(put):
    """Flow not scaled with resolution."""
    put(ops, "warp", lambda x, flow, **options: warp(x, flow * 2.0 if x.shape[-1] > 3 else flow, **options))


@mistake("safa_c")
def flow_is_halved_for_the_blocks_too(put):
    put(ops, "concat", lambda *xs, **options:
        concat(*(x * 0.5 if len(xs) == 5 and x.shape[-1] == 6 else x for x in xs), **options))


@mistake("safa_c")
def half_and_quarter_are_exchanged(put):
    put(safa.Block, "scales", {"full": 1.0, "half": 0.25, "quarter": 0.5})


@mistake("safa_c")
def decisions_are_exchanged(put):
    right = safa.taken
    put(safa, "taken", lambda decisions: right(decisions[:, ::-1]))


@mistake("safa_train_b1", dtype="float64")
def every_branch_counts_for_a_single_sample(put):
    """The gradient that the original gives to batches only."""
    def forward(self, x, p, decisions):
        branches = [self._at(x, scale) for scale in self.scales.values()]
        return route(p, *branches, decisions=decisions, terms="all")
    put(safa.Block, "forward", forward)


@mistake("safa_train_b1", dtype="float64")
def the_selector_learns_nothing(put):
    right = safa.Block.forward
    put(safa.Block, "forward", lambda self, x, p, decisions: right(self, x, p * 0.0, decisions))


@mistake("safa_c")
def blue_and_red_are_exchanged(put):
    put(family, "other_colours", np.ascontiguousarray)


@mistake("safa_c")
def colours_are_turned_at_the_entrance_only(put):
    layout = [row for row in names_safa.LAYOUT if not row[0].startswith("decoder")]
    put(names_safa, "RELEASES", [replace(names_safa.RELEASES[0], layout=layout)])


@mistake("safa_c")
def mask_without_sigmoid(put):
    right = ops.sigmoid
    put(ops, "sigmoid", lambda x: right(x) if x.ndim == 2 else x)


@mistake("safa_c")
def answers_are_not_clipped(put):
    put(ops, "clip", lambda x, lo, hi: x)


@mistake("safa_train_b1", dtype="float64")
def batch_norms_move_in_training(put):
    put(safa.SAFA, "train", safa.Module.train)


@mistake("safa_c", dtype="float64")
def times_are_not_rounded_to_float32(put):
    put(safa, "checked_times", lambda times, n: np.broadcast_to(np.asarray(times, np.float64), (n, len(times))))
