"""Mistakes in EDVR, in its deformable convolutions and in what is around it."""
from dataclasses import replace

import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.checkpoints import names_edvr
from refvr.metrics import colour
from refvr.networks import edvr
from refvr.nn.trace import note
from refvr.ops import pool
from refvr.pipeline import edvr as driver
from refvr.verify.cases.families import edvr as family

deform_conv2d, resize = ops.deform_conv2d, ops.resize_bilinear


@mistake("edvr_tiny_a", "edvr_tiny_train_a")
def mask_without_sigmoid(put):
    def wrong(self, x, guide):
        both = self.conv_offset(guide)
        offset_px = note(f"{self._path}.offset_px", both[..., :self._offsets])
        mask = note(f"{self._path}.mask", both[..., self._offsets:])
        return ops.deform_conv2d(x, offset_px, mask, self.weight, self.bias)
    put(edvr.DeformConv, "forward", wrong)


def at_scale(scale, **change):
    """resize_bilinear with other options where it enlarges by `scale`."""
    return lambda x, size=None, **options: resize(x, size, **(options | change if options.get("scale") == scale
                                                              else options))


@mistake("edvr_tiny_a", "edvr_tiny_d")
def features_are_enlarged_corner_to_corner(put):
    put(ops, "resize_bilinear", at_scale(2, align_corners=True))


@mistake("edvr_tiny_a", "op_interp_bilinear_a")
def base_is_enlarged_corner_to_corner(put):
    put(ops, "resize_bilinear", at_scale(4, align_corners=True))


@mistake("op_bilinear_resize")
def corners_are_never_aligned(put):
    put(ops, "resize_bilinear", lambda x, size=None, *, align_corners=False, **options: resize(x, size, **options))


def level_with(change):
    """Level.forward in which `change` gets at the scale below, or at the frames."""
    right = edvr.Level.forward

    def wrong(self, neighbour, reference, coarser=None):
        return right(self, *change(neighbour, reference, coarser))
    return wrong


@mistake("edvr_tiny_a", "edvr_tiny_e", "edvr_tiny_train_a")
def offsets_of_the_scale_below_are_not_doubled(put):
    put(edvr.Level, "forward", level_with(
        lambda n, r, below: (n, r, below and (below[0], 0.5 * below[1]))))


@mistake("edvr_tiny_a", "edvr_tiny_e")
def features_of_the_scale_below_are_doubled_too(put):
    put(edvr.Level, "forward", level_with(lambda n, r, below: (n, r, below and (2 * below[0], below[1]))))


@mistake("edvr_tiny_a", "edvr_tiny_d")
def pairs_are_put_together_the_wrong_way_round(put):
    """Reference before neighbour, the scale below before this one."""
    right = ops.concat
    put(ops, "concat", lambda *xs, **axis: right(*(xs[::-1] if len(xs) == 2 and xs[0].shape == xs[1].shape else xs),
                                                 **axis))


@mistake("edvr_tiny_a", "edvr_tiny_d")
def finest_scale_is_activated(put):
    def wrong(self, neighbour, reference):
        found, guide = self.l3(neighbour[2], reference[2])
        found, guide = self.l2(neighbour[1], reference[1], (ops.leaky_relu(found), guide))
        found, _ = self.l1(neighbour[0], reference[0], (ops.leaky_relu(found), guide))
        found = ops.leaky_relu(found)
        guide = self.cas_offset_conv2(self.cas_offset_conv1(ops.concat(found, reference[0])))
        return ops.leaky_relu(self.cas_dcnpack(found, guide))
    put(edvr.PCD, "forward", wrong)


@mistake("edvr_tiny_a", "edvr_tiny_e")
def the_centre_is_not_aligned_to_itself(put):
    right = edvr.PCD.forward
    put(edvr.PCD, "forward", lambda self, n, r: r[0] if n is r else right(self, n, r))


@mistake("edvr_tiny_a", "edvr_tiny_e")
def slope_is_a_fifth(put):
    right = edvr.conv
    put(edvr, "conv", lambda *sizes, **options: _steeper(right(*sizes, **options)))


def _steeper(layer):
    layer._options["slope"] = 0.2
    return layer


@mistake("edvr_tiny_a", "edvr_tiny_d")
def frames_are_reversed(put):
    right = edvr.EDVR.fuse
    put(edvr.EDVR, "fuse", lambda self, pyramids: right(self, pyramids[::-1]))


@mistake("edvr_tiny_a", "edvr_tiny_e", "edvr_tiny_train_a")
def blue_comes_first(put):
    right = family.channels_last
    put(family, "channels_last", lambda x, dtype: right(x[..., ::-1, :, :], dtype) if x.shape[-3] == 3
        else right(x, dtype))


@mistake("edvr_tiny_a", "edvr_tiny_d")
def mean_comes_before_maximum(put):
    put(edvr, "_max_and_mean", lambda x: ops.concat(ops.avg_pool(x), ops.max_pool(x)))


@mistake("op_maxpool3s2p1_a")
def the_last_winner_takes_the_gradient(put):
    operation = pool._max_pool
    right = operation.adjoint["fast"]

    def wrong(dy, y, x, **options):
        rising = np.arange(x.shape[1] * x.shape[2]).reshape(*x.shape[1:3], 1) * x.dtype.type(1e-5)
        return right(dy, y, x + rising, **options)  # of equal numbers the last one is the largest now
    put(operation, "adjoint", operation.adjoint | {"fast": wrong})


@mistake("edvr_tiny_a", "edvr_tiny_d")
def attention_of_frames_is_a_softmax(put):
    def wrong(self, aligned):
        wanted = self.temporal_attn1(aligned[self._reference])
        alike = ops.concat(*[ops.channel_dot(self.temporal_attn2(frame), wanted) for frame in aligned])
        alike = note(f"{self._path}.alike", ops.softmax(alike))
        weighted = ops.concat(*[frame * alike[..., k:k + 1] for k, frame in enumerate(aligned)])
        attention, added = self._attention(self.spatial_attn1(weighted))
        return self.feat_fusion(weighted) * ops.sigmoid(attention) * 2 + added
    put(edvr.TSA, "forward", wrong)


@mistake("edvr_tiny_a", "edvr_tiny_d")
def the_two_convolutions_of_attention_are_exchanged(put):
    table = [*names_edvr.EDVR, (".temporal_attn1.", ".temporal_attnX."),
             (".temporal_attn2.", ".temporal_attn1."), (".temporal_attnX.", ".temporal_attn2.")]
    put(names_edvr, "RELEASES", [replace(names_edvr.RELEASES[0], table=table)])


@mistake("edvr_tiny_e")
def names_of_2019_are_not_crossed(put):
    table = [(theirs, {".temporal_attn1.": ".temporal_attn2.", ".temporal_attn2.": ".temporal_attn1."}.get(ours, ours))
             for theirs, ours in names_edvr.EDVR_2019_HR]
    put(names_edvr, "RELEASES", [replace(names_edvr.RELEASES[2], table=table)])


@mistake("edvr_tiny_a", "edvr_tiny_e", "edvr_tiny_train_a")
def shuffle_in_the_order_of_tensorflow(put):
    right = ops.pixel_shuffle
    put(ops, "pixel_shuffle", lambda x, s: right(x, s, "tf"))


@mistake("edvr_tiny_train_a", "op_edvr_train")
def loss_with_the_eps_of_2019(put):
    right = ops.charbonnier_loss
    put(ops, "charbonnier_loss", lambda *operands, eps: right(*operands, eps=1e-6))


@mistake("edvr_tiny_train_a")
def loss_is_a_mean(put):
    right = ops.charbonnier_loss
    put(ops, "charbonnier_loss", lambda y, gt, reduction, **options: right(y, gt, "mean", **options))


@mistake("op_edvr_train")
def second_beta_of_the_paper(put):
    right = family.Adam
    put(family, "Adam", lambda **options: right(**options | {"betas": (0.9, 0.999)}))


@mistake("op_edvr_train")
def a_restart_comes_one_step_early(put):
    right = family.cosine_restarts
    put(family, "cosine_restarts", lambda step, **options: right(step + (step == 50_000), **options))


@mistake("op_edvr_frame_indices")
def circles_wrap_by_the_length_of_the_clip(put):
    right = family.frame_indices
    put(family, "frame_indices", lambda i, n, size, border:
        [j % n for j in range(i - size // 2, i + size // 2 + 1)] if border == "circle" else right(i, n, size, border))


@mistake("edvr_tiny_a")
def flips_are_not_flipped_back(put):
    put(family, "_flipped", lambda net, x, axes: net(np.ascontiguousarray(np.flip(x, [axis + 2 for axis in axes]))))


@mistake("edvr_tiny_a")
def flips_also_turn_time(put):
    put(family, "FLIPS", tuple((*flip, -1) for flip in driver.FLIPS))


@mistake("op_edvr_metrics")
def levels_are_cut_off(put):
    put(colour, "to_8bit", lambda rgb: (np.clip(rgb, 0, 1) * 255).astype(np.uint8))


@mistake("op_edvr_metrics")
def luma_of_blue_and_red_are_exchanged(put):
    right = colour.luma
    put(colour, "luma", lambda rgb: right(rgb[..., ::-1]))
