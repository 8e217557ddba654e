"""Which encoder, pixel format and quality an output video gets: what was asked for, or the default of its suffix."""
from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import av

from refvr.errors import OutputError, nearest
from refvr.media import container_marks, marks, pixels
from refvr.media.clip import ClipInfo

CODEC_OF_SUFFIX = {".mp4": "libx264", ".m4v": "libx264", ".mov": "libx264", ".mkv": "libx264",
                   ".avi": "libx264", ".webm": "libvpx-vp9"}
# Constant rate factors of about the same, visually transparent quality
DEFAULT_CRF = {"libx264": 16, "libx264rgb": 16, "libx265": 18, "libvpx-vp9": 24, "libsvtav1": 24, "libaom-av1": 24}
LOSSLESS = {"ffv1", "libx264rgb", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "png", "qtrle", "magicyuv"}
X265_NARROW = 64      # pixels; rows of fewer are not safe with all that x265 does, see _options
X264_REPEATS = 128   # pixels; rows of a multiple of it have the same packets in every run, see _options
# Frames of float32 that an encoder takes beside the one it is given, most of them as its look-ahead: measured at
# 1920x1080, 60 frames, whatever they show; more where samples have over 8 bits
HELD = {"libx264": 20, "libx264rgb": 30, "libx265": 24, "libvpx-vp9": 16, "libvpx": 16, "libsvtav1": 20, "ffv1": 8}
HELD_DEEP = 1.7
RGB_ALIAS = {"gbrp": "rgb24", "rgb24": "rgb24", "bgr24": "bgr24", "bgr0": "bgr0"}   # what libx264rgb takes for them


@dataclass
class Plan:
    """How a video is encoded."""

    codec: str
    pix_fmt: str
    options: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def held_frames(self) -> float:
        """Frames that the encoder holds; one that was not measured is taken for one with a look-ahead."""
        lossless = 3.0 if self.codec in LOSSLESS else 20.0   # those that take frame after frame
        return HELD.get(self.codec, lossless) * (HELD_DEEP if pixels.layout(self.pix_fmt).bits > 8 else 1)


def plan(path: Path, like: ClipInfo, size: tuple[int, int], codec: str | None = None, crf: float | None = None,
         pix_fmt: str | None = None) -> Plan:
    """Settle codec, pixel format and options for an output of (height, width) `size`.

    Default: libx264, CRF 16, yuv420p, or yuv420p10le if the input has more than 8 bits. A picture of odd width or
    height cannot have subsampled chroma: it gets 4:4:4, with a warning; it is never cropped.
    Raises OutputError for what does not exist or does not fit together, listing what does.
    """
    suffix = path.suffix.lower()
    if codec is None:
        rgb = pix_fmt in RGB_ALIAS and suffix != ".webm"
        codec = "libx264rgb" if rgb else CODEC_OF_SUFFIX.get(suffix)
    if codec is None:
        raise OutputError(f"output suffix {suffix!r} is not a known video; expected one of {' '.join(CODEC_OF_SUFFIX)}",
                          fix="or name an encoder with --codec")
    choices = _formats(codec)
    result = Plan(codec, pix_fmt or _default_format(codec, choices, like))
    if codec == "libx264rgb":
        result.pix_fmt = RGB_ALIAS.get(result.pix_fmt, result.pix_fmt)
    _whole_chroma(result, choices, size)
    if choices and result.pix_fmt not in choices:
        raise OutputError(f"{codec} cannot encode {result.pix_fmt}; expected one of {' '.join(choices)}",
                          fix=nearest(result.pix_fmt, choices, "choose another --pix-fmt or --codec"))
    pixels.layout(result.pix_fmt)   # raises for a format that refvr cannot fill
    result.options = _options(codec, crf, size[1])
    if codec == "libvpx" and pixels.layout(result.pix_fmt).alpha:
        result.options["auto-alt-ref"] = "0"   # VP8 cannot have both
    _keep_hdr(result, like)
    _say_less_chroma(result, like, choices, asked=pix_fmt is not None)
    if like.has_alpha and not pixels.layout(result.pix_fmt).alpha:
        result.warnings.append(f"{codec} {result.pix_fmt} has no alpha channel; transparency is left out")
    return result


def more_chroma(like: ClipInfo) -> str | None:
    """The sampling of a Y'CbCr clip that has more chroma than 4:2:0: "444", "422" or "440"; None for others."""
    given = like.pix_fmt if like.pix_fmt and like.pix_fmt.startswith("yuv") else ""
    return next((name for name in ("444", "422", "440") if name in given), None)


def _say_less_chroma(result: Plan, like: ClipInfo, choices: list[str], *, asked: bool) -> None:
    """A warning where an input with more chroma than 4:2:0 gets 4:2:0 unasked."""
    had = more_chroma(like)
    if asked or had is None or "420" not in result.pix_fmt:
        return
    better = result.pix_fmt.replace("420", had)
    keeps = f"; --pix-fmt {better} keeps it" if better in choices else ""
    result.warnings.append(f"the chroma of {like.pix_fmt} is halved for {result.pix_fmt}{keeps}")


def _keep_hdr(result: Plan, like: ClipInfo) -> None:
    """The marks of an HDR10 input, for encoders that can write them; a warning for those that cannot."""
    if like.mastering is None:
        return
    options = marks.encoder_options(result.codec, like.mastering)
    if options is None and av.Codec(result.codec, "w").canonical_name in container_marks.HELD:
        return   # the container says it
    if options is None:
        result.warnings.append(f"{result.codec} writes no mastering display and light level (HDR10); they are left "
                               "out: H.264, H.265, AV1 and VP9 keep them")
        return
    for name, value in options.items():
        result.options[name] = ":".join(filter(None, (result.options.get(name), value)))


def _encoders() -> list[str]:
    """Names of the video encoders that there are."""
    found = []
    for name in sorted(av.codecs_available):
        with suppress(ValueError):   # it decodes only
            found += [name] if av.Codec(name, "w").type == "video" else []
    return found


def _formats(codec: str) -> list[str]:
    try:
        known = av.Codec(codec, "w")
    except ValueError as error:   # av.codec.codec.UnknownCodecError
        raise OutputError(f"there is no encoder {codec!r} in this FFmpeg; expected for example libx264, libx265, ffv1",
                          fix=nearest(codec, _encoders(), "see the FFmpeg manual for names")) from error
    if known.type != "video":
        raise OutputError(f"{codec} encodes {known.type}; expected a video encoder", fix="for example --codec libx264")
    return [form.name for form in known.video_formats or []]


def _default_format(codec: str, choices: list[str], like: ClipInfo) -> str:
    """The first of a list of wishes that the encoder has: alpha (VP8, VP9 and lossless ones), RGB (lossless), depth."""
    deep, rgb = like.bit_depth > 8, codec in LOSSLESS
    wish: list[str] = []
    if rgb and like.has_alpha:
        wish += (["gbrap16le", "gbrap12le", "gbrap10le"] if deep else []) + ["bgra", "rgba"]
    if like.has_alpha and codec.startswith("libvpx"):
        wish += ["yuva420p"]
    if rgb:
        wish += ["gbrp16le", "gbrp14le"] if like.bit_depth > 10 else []
        wish += (["gbrp10le"] if deep else []) + ["bgr0", "gbrp", "rgb24"]
    wish += ["yuv420p10le", "yuv422p10le"] if deep else []
    wish += ["yuv420p", "yuv422p", "yuv422p10le", "yuv444p", "yuvj420p", "rgb24", "bgr0"]
    return next((name for name in wish if name in choices), wish[0] if not choices else choices[0])


def _whole_chroma(result: Plan, choices: list[str], size: tuple[int, int]) -> None:
    """An odd size with subsampled chroma -> 4:4:4 of the same depth, or an error if the encoder has none."""
    if size[0] % 2 == 0 and size[1] % 2 == 0:
        return
    form = pixels.layout(result.pix_fmt)
    sub = next((s for s in ("420", "422", "411", "410", "440") if s in form.name), None)
    if form.kind != "yuv" or sub is None:
        return
    full = form.name.replace(sub, "444")
    if choices and full not in choices:
        raise OutputError(f"{result.codec} has no 4:4:4 and the picture is {size[1]}x{size[0]}; expected an even size "
                          f"for {result.pix_fmt}", fix="choose --codec libx264, or pad the clip to an even size")
    result.warnings.append(f"{size[1]}x{size[0]} is odd, which {result.pix_fmt} cannot hold; writing {full} instead")
    result.pix_fmt = full


def _options(codec: str, crf: float | None, width: int) -> dict[str, str]:
    """Quality, and what makes the packets depend on nothing but the frames."""
    options = _quality(codec, crf)
    if codec == "ffv1":   # each frame by itself, so that its bytes do not depend on where pieces begin; 2 % more
        options["g"] = "1"
    if codec.startswith("libx264") and -width % X264_REPEATS >= 16:
        # x264 (core 165, SIMD) reads memory that nothing has written when it weighs blocks of B frames by their future
        # and a row of them is no multiple of 8, and decides by it: two runs differ. Without weighing 4 % more.
        options["x264-params"] = "mbtree=0"
    if codec == "libx265" and width < X265_NARROW:
        # x265 (of PyAV 18.1, SIMD) weighs blocks of 16 pixels by their future eight at a time, and writes beyond a row
        # of fewer: at 48 pixels the process is aborted, at 64 and more it never was (tried up to 112). Without that
        # weighing the packets of two runs differ now and then: x265 reads what nothing has written elsewhere, too
        options["x265-params"] += ":cutree=0"
    return options


def _quality(codec: str, crf: float | None) -> dict[str, str]:
    if codec not in DEFAULT_CRF:
        if crf is not None:
            raise OutputError(f"{codec} has no constant rate factor; --crf is for {' '.join(DEFAULT_CRF)}",
                              fix="leave --crf out")
        return {}
    value, highest = DEFAULT_CRF[codec] if crf is None else crf, 51 if "26" in codec else 63
    if not 0 <= value <= highest:
        raise OutputError(f"crf is {value:g}; expected 0 (best) to {highest} for {codec}",
                          fix="16 is visually lossless")
    options = {"crf": f"{value:g}"}
    if codec.startswith("libvpx"):
        options.update({"row-mt": "1", "cpu-used": "2"})
    if codec == "libx265":
        # It prints its settings past every log level of FFmpeg, and writes the processor into the file; the number of
        # its frame threads, else that of the machine, decides about bits
        options["x265-params"] = "log-level=error:info=0:wpp=0:frame-threads=4"
    return options
