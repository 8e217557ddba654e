"""EDVR: official tensor name -> ours, for its two releases and MMagic's; how to read a table says names.py.

BasicSR's names are nearly ours. The names of 2019 (branch old_version of xinntao/EDVR) differ in most places; there the
first layers of networks that take frames in full resolution (HR_in) are conv_first_1 .. 3, which makes a table more.
"""
from __future__ import annotations

from collections.abc import Iterable

from refvr.checkpoints.names import Release

_OFFSET_CONVS = [(level, k) for level in (1, 2, 3) for k in (1, 2, 3) if (level, k) != (3, 3)]

EDVR = [
    *[(f".offset_conv{k}.l{level}.", f".l{level}.offset_conv{k}.") for level, k in _OFFSET_CONVS],
    *[(f".dcn_pack.l{level}.", f".l{level}.dcn.") for level in (1, 2, 3)],
    *[(f".feat_conv.l{level}.", f".l{level}.feat_conv.") for level in (1, 2)],
]

EDVR_2019 = [
    *[(f".fea_L{level}_conv{k}.", f".conv_l{level}_{k}.") for level in (2, 3) for k in (1, 2)],
    *[(f".L{level}_offset_conv{k}.", f".l{level}.offset_conv{k}.") for level, k in _OFFSET_CONVS],
    *[(f".L{level}_dcnpack.", f".l{level}.dcn.") for level in (1, 2, 3)],
    *[(f".L{level}_fea_conv.", f".l{level}.feat_conv.") for level in (1, 2)],
    (".conv_offset_mask.", ".conv_offset."),
    (".tsa_fusion.", ".fusion."),
    (".tAtt_2.", ".temporal_attn1."),  # crossed: number 2 was that of the reference frame
    (".tAtt_1.", ".temporal_attn2."),
    (".fea_fusion.", ".feat_fusion."),
    *[(f".sAtt_{k}.", f".spatial_attn{k}.") for k in (1, 2, 3, 4, 5)],
    *[(f".sAtt_L{k}.", f".spatial_attn_l{k}.") for k in (1, 2, 3)],
    *[(f".sAtt_add_{k}.", f".spatial_attn_add{k}.") for k in (1, 2)],
    (".recon_trunk.", ".reconstruction."),
    (".HRconv.", ".conv_hr."),
    (".pre_deblur.", ".predeblur."),
    *[(f".deblur_L{level}_conv.", f".stride_conv_l{level}.") for level in (2, 3)],
    (".RB_L3_1.", ".resblock_l3."),
    *[(f".RB_L2_{k}.", f".resblock_l2_{k}.") for k in (1, 2)],
    *[(f".RB_L1_{k + 1}.", f".resblock_l1.{k}.") for k in range(5)],
]

# MMagic's (mmediting's) EDVRNet: a ConvModule around most convolutions, and the names of 2019 spelt out
EDVR_MMAGIC = [
    *[(f".feat_l{level}_conv{k}.conv.", f".conv_l{level}_{k}.") for level in (2, 3) for k in (1, 2)],
    (".pcd_alignment.", ".pcd_align."),
    *[(f".offset_conv{k}.l{level}.conv.", f".l{level}.offset_conv{k}.") for level, k in _OFFSET_CONVS],
    *[(f".dcn_pack.l{level}.", f".l{level}.dcn.") for level in (1, 2, 3)],
    *[(f".feat_conv.l{level}.conv.", f".l{level}.feat_conv.") for level in (1, 2)],
    *[(f".cas_offset_conv{k}.conv.", f".cas_offset_conv{k}.") for k in (1, 2)],
    (".feat_fusion.conv.", ".feat_fusion."),
    *[(f".spatial_attn{k}.conv.", f".spatial_attn{k}.") for k in (1, 2, 3, 4)],
    *[(f".spatial_attn_l{k}.conv.", f".spatial_attn_l{k}.") for k in (1, 2, 3)],
    (".spatial_attn_add1.conv.", ".spatial_attn_add1."),
    *[(f".upsample{k}.upsample_conv.", f".upconv{k}.") for k in (1, 2)],
]

EDVR_2019_HR = [
    *EDVR_2019,
    (".conv_first_1.", ".conv_first."),
    *[(f".conv_first_{k + 1}.", f".stride_conv_hr{k}.") for k in (1, 2)],
]

RELEASES = (Release("edvr", EDVR), Release("edvr-2019", EDVR_2019), Release("edvr-2019-hr", EDVR_2019_HR),
            Release("edvr-mmagic", EDVR_MMAGIC))


def fitting(names: Iterable[str]) -> str:
    """Which table fits the names of a state dict: "edvr", "edvr-2019" or "edvr-2019-hr"."""
    names = list(names)
    if not any("fea_L2_conv1" in name for name in names):
        return "edvr"
    return "edvr-2019-hr" if any("conv_first_1" in name for name in names) else "edvr-2019"
