"""Mistakes in EDVR, in its deformable convolutions and in what is around it."""
import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.autodiff.tape import array_of
from refvr.checkpoints import names
from refvr.metrics import colour
from refvr.networks import edvr
from refvr.nn.trace import note
from refvr.ops import pool
from refvr.pipeline import edvr as driver
from refvr.verify.families import edvr as family
from refvr.verify.families import edvr_operations

deform_conv2d, resize = ops.deform_conv2d, ops.resize_bilinear
BOTH = ("op_dcn_g", "edvr_tiny_a")


def reordered(order):
    """deform_conv2d that reads its offset channels in another order: order(g, k, axis, groups, taps) -> channel."""
    def wrong(x, offset_px, mask, weight, *rest, **options):
        taps, groups = weight.shape[0] * weight.shape[1], mask.shape[3] // (weight.shape[0] * weight.shape[1])
        source = [order(g, k, axis, groups, taps) for g in range(groups) for k in range(taps) for axis in (0, 1)]
        offset_px = ops.concat(*[offset_px[..., k:k + 1] for k in source])
        return deform_conv2d(x, offset_px, mask, weight, *rest, **options)
    return wrong


@mistake(*BOTH)
def rows_and_columns_of_offsets_are_swapped(put):
    put(ops, "deform_conv2d", reordered(lambda g, k, axis, groups, taps: (g * taps + k) * 2 + 1 - axis))


@mistake(*BOTH)
def offsets_are_all_rows_then_all_columns(put):
    put(ops, "deform_conv2d", reordered(lambda g, k, axis, groups, taps: (axis * groups + g) * taps + k))


@mistake(*BOTH)
def offsets_are_rows_then_columns_in_each_group(put):
    put(ops, "deform_conv2d", reordered(lambda g, k, axis, groups, taps: (g * 2 + axis) * taps + k))


@mistake(*BOTH)
def offsets_are_tap_after_tap(put):
    """All groups of the first tap, then of the second: point-major instead of group-major."""
    put(ops, "deform_conv2d", reordered(lambda g, k, axis, groups, taps: (k * groups + g) * 2 + axis))


@mistake("edvr_tiny_a", "edvr_tiny_train_a")
def mask_without_sigmoid(put):
    def wrong(self, x, guide):
        both = self.conv_offset(guide)
        offset_px = note(f"{self._path}.offset_px", both[..., :self._offsets])
        mask = note(f"{self._path}.mask", both[..., self._offsets:])
        return ops.deform_conv2d(x, offset_px, mask, self.weight, self.bias)
    put(edvr.DeformConv, "forward", wrong)


@mistake(*BOTH)
def mask_is_doubled(put):
    put(ops, "deform_conv2d", lambda x, offset, mask, *rest, **options:
        deform_conv2d(x, offset, 2 * mask, *rest, **options))


@mistake(*BOTH)
def mask_is_ignored(put):
    put(ops, "deform_conv2d", lambda x, offset, mask, *rest, **options:
        deform_conv2d(x, offset, 0 * mask + 1, *rest, **options))


def positions(offset, weight):
    """Rows and columns (n, y, x, G*K) that a deformable convolution of stride 1 and padding 1 reads."""
    where, (kh, kw) = array_of(offset), weight.shape[:2]
    k = np.arange(where.shape[3] // 2) % (kh * kw)
    row = np.arange(where.shape[1])[:, None, None] - 1 + k // kw
    column = np.arange(where.shape[2])[:, None] - 1 + k % kw
    return row + where[..., 0::2], column + where[..., 1::2]


@mistake(*BOTH)
def samples_outside_repeat_the_border(put):
    def wrong(x, offset, mask, weight, *rest, **options):
        row, column = positions(offset, weight)
        moved = [np.clip(p, 0, size - 1) - p for p, size in zip((row, column), x.shape[1:3])]
        moved = np.stack(moved, axis=-1).reshape(offset.shape).astype(x.dtype)
        return deform_conv2d(x, offset + moved, mask, weight, *rest, **options)
    put(ops, "deform_conv2d", wrong)


@mistake(*BOTH)
def samples_near_the_border_are_dropped(put):
    """A sample counts only if all of its corners lie inside."""
    def wrong(x, offset, mask, weight, *rest, **options):
        (row, column), (h, w) = positions(offset, weight), x.shape[1:3]
        whole = (row >= 0) & (column >= 0) & (row <= h - 1) & (column <= w - 1)
        return deform_conv2d(x, offset, mask * whole.astype(x.dtype), weight, *rest, **options)
    put(ops, "deform_conv2d", wrong)


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


@mistake("op_bilinear_resize", "op_interp_bilinear_a")
def a_scale_is_only_a_size(put):
    """The spacing follows from the rounded size instead of from the scale."""
    put(ops, "resize_bilinear", lambda x, size=None, *, scale=None, **options:
        resize(x, size or tuple(int(n * scale) for n in x.shape[1:3]), **options))


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
    right = edvr.EDVR.restore
    put(edvr.EDVR, "restore", lambda self, pyramids, frame: right(self, pyramids[::-1], frame))


@mistake("edvr_tiny_a", "edvr_tiny_e", "edvr_tiny_train_a")
def blue_comes_first(put):
    right = family.channels_last
    put(family, "channels_last", lambda x, dtype: right(x[..., ::-1, :, :], dtype) if x.shape[-3] == 3
        else right(x, dtype))


@mistake("edvr_tiny_a", "edvr_tiny_d")
def means_do_not_count_the_border(put):
    right = ops.avg_pool
    put(ops, "avg_pool", lambda x, **options: right(x, count="inside"))


@mistake("edvr_tiny_a", "edvr_tiny_d")
def mean_comes_before_maximum(put):
    put(edvr, "_max_and_mean", lambda x: ops.concat(ops.avg_pool(x), ops.max_pool(x)))


@mistake("op_maxpool3s2p1_a")
def border_counts_as_zero(put):
    right = ops.max_pool
    put(edvr_operations.ops, "max_pool", lambda x: right(ops.pad(x, ((1, 1), (1, 1))), padding=0))


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
def likeness_is_divided_by_channels(put):
    right = ops.channel_dot
    put(ops, "channel_dot", lambda a, b: right(a, b) * (1 / a.shape[-1]))


@mistake("edvr_tiny_a", "edvr_tiny_d")
def the_two_convolutions_of_attention_are_exchanged(put):
    table = [*names.TABLES["edvr"], (".temporal_attn1.", ".temporal_attnX."),
             (".temporal_attn2.", ".temporal_attn1."), (".temporal_attnX.", ".temporal_attn2.")]
    put(names, "TABLES", names.TABLES | {"edvr": table})


@mistake("edvr_tiny_e")
def names_of_2019_are_not_crossed(put):
    table = [(theirs, {".temporal_attn1.": ".temporal_attn2.", ".temporal_attn2.": ".temporal_attn1."}.get(ours, ours))
             for theirs, ours in names.TABLES["edvr-2019-hr"]]
    put(names, "TABLES", names.TABLES | {"edvr-2019-hr": table})


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
