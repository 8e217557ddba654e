"""Mistakes in DUF, in its operations, in how its small frames are made and in how it is trained."""
import numpy as np

from mistakes import mistake
from refvr import ops
from refvr.degrade import duf as degrade
from refvr.networks import duf
from refvr.pipeline import duf as driver

NETWORK, CLIP, TRAINING = "duf_16L_x2_a", "duf_16L_x3_seq_gt", "duf_16L_x4_train_a"


def grown(block, x):
    """What a block appends."""
    return block.conv_b(ops.relu(block.norm_b(block.conv_a(ops.relu(block.norm_a(x))))))


@mistake(NETWORK, TRAINING)
def batch_norm_with_the_eps_of_pytorch(put):
    put(duf.Norm, "eps", 1e-5)


@mistake(NETWORK)
def blocks_that_shorten_time_keep_the_last_frames(put):
    put(duf.Block, "forward", lambda self, x: ops.concat(x if self._keeps_time else x[:, 2:], grown(self, x)))


@mistake(NETWORK)
def new_features_come_first(put):
    put(duf.Block, "forward", lambda self, x: ops.concat(grown(self, x), x if self._keeps_time else x[:, 1:-1]))


@mistake(CLIP)
def frames_beyond_the_clip_repeat_the_last_one(put):
    right = driver.window_frames
    put(driver, "window_frames", lambda frames, size, border, start: right(frames, size, "replicate", start))


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
