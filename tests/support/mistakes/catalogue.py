"""Mistakes of the catalogue of `refvr diagnose`, each with the golden cases of the originals that must reject it."""
from contextlib import contextmanager

from refvr import ops
from refvr.autodiff.tape import Tensor, array_of
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.planted import planted

DCN, FAC = ("op_dcn_g", "edvr_tiny_a"), ("op_fac_k5_tiny_replicate", "stfan_official_d")
PLAIN = ("op_conv2d_k3s1",)

CAUGHT = {
    "conv2d.border_repeats_the_edge": ("op_conv2d_k3s1", "op_conv2d_k5s1_depthmult4", "remonet_t7_a"),
    "conv2d.border_is_mirrored": ("op_conv2d_k7s1", "fastdvdnet_b"),
    "conv2d.border_wraps": PLAIN,
    "conv2d.border_as_tensorflow": ("op_conv2d_k3s2_even", "op_conv2d_k7s2", "fastdvdnet_b"),
    "conv2d.kernel_flipped": ("op_conv2d_k3s1", "op_conv2d_k5s2_depthwise", "fastdvdnet_b"),
    "conv2d.kernel_transposed": ("op_conv2d_k3s1d2", "op_conv2d_k7s1", "remonet_t7_a"),
    "conv2d.kernel_rows_reversed": PLAIN, "conv2d.kernel_columns_reversed": ("op_conv2d_k5s2_depthwise",),
    "conv3d.kernel_rows_reversed": ("op_conv3d_k333_p111",),
    "conv_transpose2d.kernel_columns_reversed": ("op_conv_transpose2d_k4s2p1_nobias",),
    "deform_conv2d.kernel_rows_reversed": ("op_dcn_g",),
    "conv2d.dilation_ignored": ("op_conv2d_k3s1d2", "op_conv2d_k3s2d2"),
    "conv2d.outputs_of_groups_interleaved": ("op_conv2d_k3s1g3", "op_conv2d_k3s1g5", "op_conv2d_k5s1_depthmult4",
                                             "fastdvdnet_b"),
    "conv2d.inputs_of_groups_interleaved": ("op_conv2d_k5s1_groupreduce",),
    "conv2d.stride_begins_at_the_second_pixel": ("op_conv2d_k3s2_even",),
    "conv2d.bias_missing": ("op_conv2d_k3s1", "edvr_tiny_d"),
    "conv2d.bias_added_twice": PLAIN,
    "conv2d.residual_missing": ("edvr_tiny_a",),
    "conv2d.slope_of_a_fifth": ("edvr_tiny_a", "stfan_official_d"),
    "conv3d.kernel_reversed_in_time": ("op_conv3d_k333_p111", "duf_16L_x2_a"),
    "conv3d.kernel_transposed": ("op_conv3d_k333_p111",),
    "conv3d.bias_missing": ("op_conv3d_k333_p111", "duf_16L_x2_a"),
    "conv_transpose2d.kernel_flipped": ("op_conv_transpose2d_k4s2p1_nobias", "op_conv_transpose2d_k3s2p1op1",
                                        "stfan_official_d", "stfan_seed_a"),
    "conv_transpose2d.output_padding_at_the_top": ("op_conv_transpose2d_k3s2p1op1", "stfan_seed_a"),
    "pixel_shuffle.order_of_the_other_framework": ("op_pixel_shuffle", "remonet_t7_a", "fastdvdnet_b", "edvr_tiny_a",
                                                   "safa_c"),
    "pixel_shuffle.rows_and_columns_of_the_block_exchanged": ("op_pixel_shuffle", "remonet_t7_a", "fastdvdnet_b"),
    "batch_norm.eps_of_keras": ("op_batchnorm2d_eval",),
    "batch_norm.eps_of_pytorch": ("duf_16L_x2_a",),
    "batch_norm.statistics_of_the_batch": ("op_batchnorm2d_eval",),
    "prelu.one_slope_for_all_channels": ("op_prelu_a",),
    "max_pool.border_counts_as_zero": ("op_maxpool3s2p1_a",),
    "avg_pool.border_not_counted": ("edvr_tiny_a", "edvr_tiny_d"),
    "channel_dot.divided_by_the_channels": ("edvr_tiny_a", "edvr_tiny_d"),
    "deform_conv2d.offsets_x_y": DCN, "deform_conv2d.offsets_all_y_then_all_x": DCN,
    "deform_conv2d.offsets_y_then_x_in_each_group": DCN, "deform_conv2d.offsets_point_major": DCN,
    "deform_conv2d.offsets_negative": DCN, "deform_conv2d.mask_point_major": DCN, "deform_conv2d.mask_doubled": DCN,
    "deform_conv2d.mask_ignored": DCN, "deform_conv2d.mask_without_sigmoid": ("edvr_tiny_a",),
    "deform_conv2d.samples_outside_repeat_the_edge": DCN, "deform_conv2d.samples_near_the_border_dropped": DCN,
    "deform_conv2d.half_a_pixel_off": DCN, "deform_conv2d.nearest_sample": DCN,
    "fac.taps_transposed": FAC, "fac.taps_flipped": FAC, "fac.border_of_zeros": FAC,
    "fac.border_repeats_the_edge": ("stfan_seed_a",), "fac.kernel_channels_tap_by_tap": FAC,
    "dynamic_upsample.softmax_over_the_cell": ("duf_16L_x2_a",), "dynamic_upsample.filters_flipped": ("duf_16L_x2_a",),
    "dynamic_upsample.filter_channels_pixel_after_pixel": ("duf_16L_x2_a",),
    "dynamic_upsample.filters_transposed": ("duf_16L_x2_a",),
    "dynamic_upsample.border_repeats_the_nearest_pixel": ("duf_16L_x2_a",),
    "dynamic_upsample.residual_in_the_order_of_pytorch": ("duf_16L_x2_a",),
    "warp.flow_down_then_right": ("op_warp_a", "op_warp_int", "safa_c"),
    "warp.flow_the_other_way": ("op_warp_a", "op_warp_int", "safa_c"),
    "warp.zeros_outside": ("op_warp_a", "op_warp_int", "safa_c"), "warp.corners_not_aligned": ("op_warp_a", "safa_c"),
    "grid_sample.align_corners_exchanged": ("op_grid_sample_a",),
    "grid_sample.mirrored_at_pixel_centres": ("op_grid_sample_a",), "grid_sample.grid_y_x": ("op_grid_sample_a",),
    "resize_bilinear.corners_exchanged": ("op_interp_bilinear_a", "edvr_tiny_a", "edvr_tiny_d", "safa_c"),
    "resize_bilinear.scale_only_a_size": ("op_bilinear_resize", "op_interp_bilinear_a"),
    "resize_bilinear.half_pixels_missing": ("op_interp_bilinear_a",),
    "imresize.no_antialiasing": ("op_imresize_matlab_a", "op_matlab_imresize"),
    "imresize.edge_repeated": ("op_imresize_matlab_a", "op_matlab_imresize"),
    "imresize.border_left_out": ("op_imresize_matlab_a",), "imresize.parameter_of_opencv": ("op_imresize_matlab_a",),
    "resize_cubic.cubic_border_mirrored": ("op_cv2_cubic_resize_a",),
    "resize_cubic.parameter_of_matlab": ("op_cv2_cubic_resize_a",),
    "similarity_loss.divided_by_frames_once": ("op_similarity_loss", "op_similarity_loss_zero"),
    "similarity_loss.mean_over_clips": ("op_similarity_loss", "op_similarity_loss_zero"),
    "similarity_loss.clips_of_a_batch_together": ("op_similarity_loss", "op_similarity_loss_zero"),
}


@contextmanager
def wrong(name):
    """A mistake of the catalogue in every call of its operation; on the tape its gradients stay right ones."""
    mistake = MISTAKES[name]
    right = getattr(ops, mistake.operation)

    def call(*args, **named):
        y, good = planted_call(*args, **named), right(*args, **named)
        if isinstance(good, Tensor):
            good.data = array_of(y).reshape(good.shape)
        return good if isinstance(good, Tensor) else y

    with planted(mistake):
        planted_call = getattr(ops, mistake.operation)
        setattr(ops, mistake.operation, call)   # `planted` puts the right one back
        yield
