"""The simulated camera: one frame through all its stages, with the normal draws of the case."""
from __future__ import annotations

import numpy as np

from refvr.degrade import camera
from refvr.types import DType
from refvr.verify.cases.case import Case
from refvr.verify.cases.families._family import Answer, Family, given, setting
from refvr.verify.cases.layout import channels_first


def run_camera(case: Case, dtype: DType) -> Answer:
    """Every stage by itself. The choice of a candidate is stored for the first realisation."""
    dtype = np.dtype(dtype).type
    rgb, z1, z2 = given(case, "rgb", "z_poisson", "z_gauss")
    k, sigma, stops = (setting(case, case.config, name, float)
                       for name in ("poisson_k", "read_noise_sigma", "nstops"))
    light = camera.linear(np.moveaxis(rgb, 0, -1).astype(dtype) / dtype(255))
    plane = camera.mosaic(light * dtype(2.0 ** stops))
    shot = np.repeat(camera.shot_noise(plane, k, z1[:, 0]), len(z2), axis=0)
    noisy = camera.read_noise(shot, sigma, z2[:, 0])
    clipped = camera.clip_exposed(noisy, stops)
    ours, clean = camera.develop(clipped), camera.develop(camera.clip_exposed(plane, stops)[None])
    images = {"noisy": channels_first(ours.image), "gt": channels_first(clean.image)}
    trace = {"linear": np.moveaxis(light, -1, 0), "bayer": plane[None, None], "bayer_poisson": shot[:, None],
             "bayer_noisy": noisy[:, None], "bayer_clipped": clipped[:, None],
             "homog_x": ours.ahd[0].rows, "homog_y": ours.ahd[0].columns,
             "choose_x": ours.ahd[0].chosen.astype(np.uint8)}
    for name, branch in (("noisy", ours), ("clean", clean)):
        trace[f"ahd_{name}"] = channels_first(np.stack([each.colour for each in branch.ahd]))
        trace[f"demosaicked_{name}"] = channels_first(branch.cleaned)
    return Answer(images | {f"{name}_u8": camera.to_u8(image) for name, image in images.items()}, trace)


CAMERA = Family(run_camera, floor=1e-6, stated="isp_noise.md, section 7: each stage to 1e-6")
