"""Mistakes in DUF, in its operations, in how its small frames are made and in how it is trained."""
import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.degrade import duf as degrade
from refvr.networks import duf
from refvr.pipeline import duf as driver

conv3d, dynamic_upsample = ops.conv3d, ops.dynamic_upsample
NETWORK, CLIP, TRAINING = "duf_16L_x2_a", "duf_16L_x3_seq_gt", "duf_16L_x4_train_a"


def cells(logits, s):
    """(n, h, w, taps s s) -> (n, h, w, taps, s s)."""
    return ops.reshape(logits, (*logits.shape[:3], -1, s * s))


@mistake(NETWORK, TRAINING)
def batch_norm_with_the_eps_of_pytorch(put):
    put(duf, "EPS", 1e-5)


@mistake(NETWORK)
def filters_are_normalised_over_the_cell(put):
    """Softmax over the s * s pixels, as a port has it, instead of the 25 taps; logarithms undo the right one's work."""
    def wrong(x, logits, residual=None, *, s):
        e = np.exp(cells(logits, s) - cells(logits, s).max(-1, keepdims=True))
        shares = e / e.sum(-1, keepdims=True)
        patches = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
        seen = np.stack([patches[:, i:i + x.shape[1], j:j + x.shape[2]] for i in range(5) for j in range(5)], 3)
        found = np.einsum("nhwtu,nhwtc->nhwuc", shares, seen)
        found = found if residual is None else found + residual.reshape(found.shape)
        return ops.pixel_shuffle(found.reshape(*x.shape[:3], -1), s, "tf")
    put(ops, "dynamic_upsample", wrong)


@mistake(NETWORK)
def residual_with_all_pixels_of_a_colour_together(put):
    """The order of torch.nn.PixelShuffle."""
    def wrong(x, logits, residual=None, *, s):
        y = dynamic_upsample(x, logits, s=s)
        return y if residual is None else y + ops.pixel_shuffle(residual, s, "torch")
    put(ops, "dynamic_upsample", wrong)


@mistake(NETWORK)
def filter_channels_are_pixel_after_pixel(put):
    """Channel u 25 + t instead of t s s + u."""
    def wrong(x, logits, residual=None, *, s):
        turned = logits.reshape(*logits.shape[:3], s * s, -1).swapaxes(3, 4)
        return dynamic_upsample(x, np.ascontiguousarray(turned).reshape(logits.shape), residual, s=s)
    put(ops, "dynamic_upsample", wrong)


@mistake(NETWORK)
def filters_are_flipped(put):
    def wrong(x, logits, residual=None, *, s):
        turned = np.ascontiguousarray(cells(logits, s)[..., ::-1, :]).reshape(logits.shape)
        return dynamic_upsample(x, turned, residual, s=s)
    put(ops, "dynamic_upsample", wrong)


@mistake(NETWORK)
def filters_see_rows_for_columns(put):
    def wrong(x, logits, residual=None, *, s):
        n, h, w, _ = logits.shape
        turned = logits.reshape(n, h, w, 5, 5, s * s).swapaxes(3, 4)
        return dynamic_upsample(x, np.ascontiguousarray(turned).reshape(logits.shape), residual, s=s)
    put(ops, "dynamic_upsample", wrong)


@mistake(NETWORK)
def border_of_the_picture_repeats_its_edge(put):
    def wrong(x, logits, residual=None, *, s):
        def grown(a):
            return None if a is None else ops.pad(a, ((2, 2), (2, 2)), "edge")
        return dynamic_upsample(grown(x), grown(logits), grown(residual), s=s)[:, 2 * s:-2 * s, 2 * s:-2 * s]
    put(ops, "dynamic_upsample", wrong)


@mistake(NETWORK, "op_conv3d_k333_p111")
def kernels_run_backwards_in_time(put):
    put(ops, "conv3d", lambda x, weight, *rest, **options: conv3d(x, weight[::-1], *rest, **options))


@mistake(NETWORK)
def blocks_that_shorten_time_keep_the_last_frames(put):
    def wrong(self, x, hidden):
        return ops.concat(x if self._keeps_time else x[:, 2:], self.conv_b(hidden))
    put(duf.Block, "grow", wrong)


@mistake(NETWORK)
def new_features_come_first(put):
    def wrong(self, x, hidden):
        return ops.concat(self.conv_b(hidden), x if self._keeps_time else x[:, 1:-1])
    put(duf.Block, "grow", wrong)


@mistake(CLIP)
def frames_beyond_the_clip_repeat_the_last_one(put):
    right = driver.window_frames
    put(driver, "window_frames", lambda frames, size, border: right(frames, size, "replicate"))


@mistake(CLIP)
def frames_grow_only_where_they_are_no_multiple_of_three(put):
    put(degrade, "_grown", lambda size, scale: (-size[0] % 3, -size[1] % 3))


@mistake(CLIP)
def small_pixels_lie_in_the_middle_of_cells(put):
    right = degrade._every
    put(degrade, "_every", lambda scale, padded, kernel: right(scale, np.roll(padded, -1, (1, 2)), kernel))


@mistake(CLIP)
def the_gaussian_has_another_width(put):
    put(degrade, "duf_kernel", lambda scale: degrade.gaussian_kernel(0.5 * scale).astype(np.float32))


@mistake(TRAINING, dtype="float64")
def running_variance_is_the_unbiased_one(put):
    right = ops.batch_statistics

    def wrong(x):
        mean, unbiased, _ = right(x)
        return mean, unbiased, unbiased
    put(ops, "batch_statistics", wrong)


@mistake(TRAINING, dtype="float64")
def running_statistics_forget_slowly_from_the_start(put):
    """Without taking the start value out again."""
    put(duf.Norm, "_moved", lambda self, old, new: ((old + 0.001 * (new - old)).astype(old.dtype),) * 2)


@mistake(TRAINING, dtype="float64")
def huber_loss_is_a_sum_with_another_delta(put):
    right = ops.huber_loss
    put(ops, "huber_loss", lambda y, t, delta: right(y, t, delta=2 * delta))
