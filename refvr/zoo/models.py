"""The zoo: every network and configuration refvr knows, by name, with the source and licence of its weights.

`build("remonet")` makes the network, `zoo.load("remonet-s")` also fills it with weights. A plain dictionary: add a row.
"""
from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from importlib import import_module
from typing import Any

from refvr.errors import InputError, RefvrError, WeightsError


@dataclass(frozen=True)
class Model:
    """One row: what a name stands for.

    network  class in networks/, "remonet"; options: its Config fields that differ from the default
    task     denoise, sr (super-resolution), deblur, spacetime (sr and new frames), refine
    weights  embedded file, "" if there is none
    source   paper and code; licence: of the code that defined it; note: what a user should know
    file     the authors' weight file, "" if none was published; where: the place they put it
    score    what they published for it
    """

    network: str
    task: str
    source: str
    licence: str
    note: str
    options: tuple[tuple[str, Any], ...] = ()
    weights: str = ""
    file: str = ""
    where: str = ""
    score: str = ""


NETWORKS = {"remonet": "ReMoNet", "fastdvdnet": "FastDVDnet", "edvr": "EDVR", "stfan": "STFAN",
            "stfan_seed": "STFANSeed", "safa": "SAFA", "duf": "DUF"}

_REMONET = "Xiang et al., AAAI 2022; xiangly55/ReMoNet"
_REMONET_SMALL = (("widths", (32, 64, 96)), ("fusion_widths", (64, 96, 128)), ("fold", 2), ("plain", True),
                  ("blend", True), ("residual", True))
_FASTDVDNET = "Tassano et al., CVPR 2020; m-tassano/fastdvdnet"
_STFAN = "Zhou et al., ICCV 2019; sczhou/STFAN"
_SAFA = "Huang et al., WACV 2024; megvii-research/WACV2024-SAFA"
_DUF = "Jo et al., CVPR 2018; yhjo09/VSR-DUF"
_DUF_DEEP = (("growth", 16),)
_DUF_SMALL = (("blocks", 1), ("growth", 16), ("width", 32), ("head", 64), ("filter_head", 96), ("gentle", True))
_OURS = "MIT (our own weights and options)"
_EDVR_SMALL = (("frames", 3), ("features", 16), ("offset_groups", 2), ("extract_blocks", 2),
               ("reconstruct_blocks", 8), ("tail", 16), ("base", "bicubic"))
_SAFA_SMALL = (("channels", 24), ("blocks", 3), ("depth", 1), ("decoder_blocks", 6), ("head", 16), ("gentle", True))
_EDVR = "Wang et al., CVPR Workshops 2019; XPixelGroup/BasicSR"
_EDVR_L = (("features", 128), ("reconstruct_blocks", 40))
_EDVR_STAGE2 = (("features", 128), ("reconstruct_blocks", 20), ("hr_in", True))
_REPLICATE = (("predeblur", True), ("border", "replicate"))

MODELS = {
    "remonet-s": Model("remonet", "denoise", _REMONET, "MIT (our own weights and options)",
                       "small: plain convolutions at half resolution; trained by refvr",
                       _REMONET_SMALL, weights="remonet-s.h5"),
    "remonet-s-told": Model("remonet", "denoise", _REMONET, "MIT (our own weights and options)",
                            "small, and told the noise level, which restore measures; trained by refvr",
                            (*_REMONET_SMALL, ("noise_map", True)), weights="remonet-s-told.h5"),
    "remonet": Model("remonet", "denoise", _REMONET, "no licence stated",
                     "official configuration; its authors published no weights"),
    "remonet-t3": Model("remonet", "denoise", _REMONET, "no licence stated",
                        "windows of 3 frames; no published weights", (("frames", 3),)),
    "remonet-t7": Model("remonet", "denoise", _REMONET, "no licence stated",
                        "windows of 7 frames; no published weights", (("frames", 7),)),
    "fastdvdnet": Model("fastdvdnet", "denoise", _FASTDVDNET, "MIT", "baseline, needs the noise level",
                        file="model.pth", where="the repository"),
    "fastdvdnet-clipped": Model("fastdvdnet", "denoise", _FASTDVDNET, "MIT", "for noise that was clipped to [0, 1]",
                                file="model_clipped_noise.pth", where="the repository"),
    **{name: Model("duf", "sr", _DUF, "no licence stated", note, options, file=file, where="the repository",
                   score=score) for name, file, score, note, options in (
        ("duf-16-x2", "params_16L_x2.h5", "", "", (("scale", 2),)),
        ("duf-16-x3", "params_16L_x3.h5", "", "", (("scale", 3),)),
        ("duf-16-x4", "params_16L_x4.h5", "Vid4 Y 26.81 dB / 0.8151", "score from memory of the paper", ()),
        ("duf-28-x4", "params_28L_x4.h5", "Vid4 Y 26.99 dB / 0.8215", "score from memory of the paper",
         (("blocks", 9), *_DUF_DEEP)),
        ("duf-52-x4", "params_52L_x4.h5", "Vid4 Y 27.34 dB / 0.8327", "", (("blocks", 21), *_DUF_DEEP)),
    )},
    **{f"duf-s-x{scale}": Model("duf", "sr", _DUF, _OURS, "small: 8 layers, narrow; trained by refvr",
                                (("scale", scale), *_DUF_SMALL), weights=f"duf-s-x{scale}.h5") for scale in (4, 2)},
    "edvr-s-x4": Model("edvr", "sr", _EDVR, _OURS, "small: 3 frames, narrow; trained by refvr",
                       _EDVR_SMALL, weights="edvr-s-x4.h5"),
    "edvr-s-x4-real": Model("edvr", "sr", _EDVR, _OURS, "the same for real footage: noise, compression, blur",
                            _EDVR_SMALL, weights="edvr-s-x4-real.h5"),
    "stfan-s": Model("stfan", "deblur", _STFAN, _OURS, "small: narrow; trained by refvr",
                     (("widths", (16, 32, 48)), ("gentle", True), ("skips", True)), weights="stfan-s.h5"),
    "safa-s": Model("safa", "spacetime", _SAFA, _OURS, "small: narrow, 3 refinements; trained by refvr",
                    _SAFA_SMALL, weights="safa-s.h5"),
    "safa-s-moved": Model("safa", "spacetime", _SAFA, _OURS,
                          "small, and begins at an estimated motion; trained by refvr",
                          (*_SAFA_SMALL, ("motion", True)), weights="safa-s-moved.h5"),
    **{name: Model("edvr", task, _EDVR, "Apache-2.0", note, options, file=file, score=score,
                   where="BasicSR's model zoo" if "official" in file else "xinntao/EDVR, branch old_version")
       for name, task, file, score, note, options in (
        ("edvr-m-x4", "sr", "EDVR_M_x4_SR_REDS_official-32075921.pth", "REDS4 RGB 30.53 dB / 0.8699", "",
         ()),
        ("edvr-m-notsa-x4", "sr", "EDVR_M_woTSA_x4_SR_REDS_official-1edf645c.pth", "", "without TSA",
         (("tsa", False),)),
        ("edvr-l-x4", "sr", "EDVR_L_x4_SR_REDS_official-9f5f5039.pth", "REDS4 RGB 31.09 dB / 0.8800", "",
         _EDVR_L),
        ("edvr-l-vimeo-x4", "sr", "EDVR_L_x4_SR_Vimeo90K_official-162b54e4.pth",
         "Vid4 Y 27.35 dB / 0.8264, RGB 25.83 / 0.8077; Vimeo-90K-T Y 37.61 / 0.9489", "7 frames",
         (*_EDVR_L, ("frames", 7))),
        ("edvr-l-blur-x4", "sr", "EDVR_L_x4_SRblur_REDS_official-983d7b8e.pth",
         "REDS4 RGB 28.88 dB / 0.8361", "blurred input", (*_EDVR_L, *_REPLICATE)),
        ("edvr-l-deblur", "deblur", "EDVR_L_deblur_REDS_official-ca46bd8c.pth", "REDS4 RGB 34.80 dB / 0.9487", "",
         (*_EDVR_L, *_REPLICATE, ("hr_in", True))),
        ("edvr-l-deblurcomp", "deblur", "EDVR_L_deblurcomp_REDS_official-0e988e5c.pth", "REDS4 RGB 30.24 dB / 0.8567",
         "compressed input", (*_EDVR_L, *_REPLICATE, ("hr_in", True))),
        ("edvr-stage2", "refine", "EDVR_REDS_SR_Stage2.pth", "", "second stage after edvr-l-x4", _EDVR_STAGE2),
        *((f"edvr-stage2-{name}", "refine", f"EDVR_REDS_{file}_Stage2.pth", "", f"second stage after edvr-l-{first}",
           (*_EDVR_STAGE2, *_REPLICATE)) for name, file, first in (
            ("blur", "SRblur", "blur-x4"), ("deblur", "deblur", "deblur"), ("deblurcomp", "deblurcomp", "deblurcomp"))),
    )},
    "stfan": Model("stfan", "deblur", _STFAN, "MIT", "", file="best-ckpt.pth.tar", where="linked in the README",
                   score="DeepVideoDeblurring 31.24 dB / 0.934"),
    "stfan-seed": Model("stfan_seed", "deblur", "re-implementation printed at elecfans.com, 2020-12-10",
                        "no licence stated", "no published weights or score; those of stfan do not fit"),
    "safa": Model("safa", "spacetime", _SAFA, "MIT", "x4 in space, any rate in time", file="flownet.pkl",
                  where="linked in the README", score="over 0.5 dB above TMNet and VideoINR (abstract)"),
}


# task -> the model that is used where none is named; for sr one that was trained on bicubic pictures, which are nearer
# to what users have than DUF's blurred ones
RECOMMENDED = {"denoise": "remonet-s-told", "sr": "edvr-s-x4", "deblur": "stfan-s", "spacetime": "safa-s-moved"}
BY_SCALE = {2: "duf-s-x2", 4: RECOMMENDED["sr"]}  # for super-resolution, where a scale is asked for
REAL = "edvr-s-x4-real"  # super-resolution of footage as cameras and sites leave it


def names_for(task: str) -> list[str]:
    """The models for a task, embedded ones first."""
    return sorted((name for name, row in MODELS.items() if row.task == task), key=lambda name: not MODELS[name].weights)


def recommended(task: str, scale: int | None = None, *, real: bool = False) -> str:
    """The model that is used for a task where none is named, for super-resolution by that scale (None: any).

    real  for footage as cameras and sites leave it: compressed, noisy. InputError with what has a model.
    """
    if task not in RECOMMENDED:
        raise InputError(f"no model is recommended for the task {task!r}",
                         fix=f"tasks are: {', '.join(RECOMMENDED)}; or name a model")
    if real:
        if task != "sr" or scale not in (None, 4):
            raise InputError(f"no model that is here is made for real footage and {task}"
                             f"{f' by {scale}' if scale else ''}", fix="--task sr, 4 times, has one")
        return REAL
    if scale is None or task != "sr":
        return RECOMMENDED[task]
    if scale not in BY_SCALE:
        raise InputError(f"no model that is here enlarges {scale} times",
                         fix=f"scales are: {', '.join(map(str, BY_SCALE))}; or give --model and --weights")
    return BY_SCALE[scale]


def config(name: str, **options: Any) -> Any:
    """The configuration of a model of the zoo, with `options` changed."""
    row = row_of(name)
    default = _module(row.network).Config(**dict(row.options))
    unknown = [key for key in options if key not in asdict(default)]
    if unknown:
        raise InputError(f"{name} has no option {unknown[0]!r}", fix=f"its options are {', '.join(asdict(default))}")
    return replace(default, **options)


def row_of(name: str) -> Model:
    """The row of a model; InputError with the possible names."""
    if name not in MODELS:
        raise InputError(f"no model {name!r}", fix=f"models are: {', '.join(MODELS)}")
    return MODELS[name]


def build(name: str, **options: Any) -> Any:
    """The network of a model, parameters zero; `options` change single fields of its configuration."""
    network = row_of(name).network
    return getattr(_module(network), NETWORKS[network])(config(name, **options))


def build_network(network: str, options: dict[str, Any]) -> Any:
    """The network class `network` with the Config fields `options` (as a weight file's attribute "config" has them)."""
    if network not in NETWORKS:
        raise WeightsError(f"unknown network {network!r}", fix=f"networks are: {', '.join(NETWORKS)}")
    module = _module(network)
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    try:
        return getattr(module, NETWORKS[network])(module.Config(**options))
    except RefvrError:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError, MemoryError) as error:
        raise WeightsError(f"no {NETWORKS[network]} has the options {str(options)[:200]}: {error}",
                           fix="the attribute config of the weight file is damaged") from error


def _module(network: str) -> Any:
    return import_module(f"refvr.networks.{network}")
