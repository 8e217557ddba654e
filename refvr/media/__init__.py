"""Files <-> frames: video, images, arrays and y4m pipes, all streaming.

    with open_reader("in.mp4") as clip, open_writer("out.mp4", clip.info, copy_streams_from="in.mp4") as out:
        for frame in clip:
            frame.rgb = restore(frame.rgb)   # (h, w, 3) float32 in [0, 1]; the time stamps stay with the frame
            out.write(frame)
    if clip.truncated: ...

Nothing heavy is imported before a file is opened.
"""
from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TypedDict

from refvr.errors import InputError, OutputError
from refvr.media.arrays import HDF5_SUFFIXES
from refvr.media.clip import ClipInfo, Colour, Frame, Reader
from refvr.media.cut import Span
from refvr.media.image_file import SUFFIXES as IMAGE_SUFFIXES
from refvr.media.image_file import TIFF_SUFFIXES, is_moving_png
from refvr.media.part_folder import Job
from refvr.media.pipes import is_pipe
from refvr.media.sequences import NUMBER, find_images, names_several
from refvr.media.writer import Writer

__all__ = ["ClipInfo", "Colour", "Frame", "Reader", "Writer", "open_reader", "open_writer"]


class _Common(TypedDict):
    """What every writer of a file takes."""

    width: int | None
    height: int | None
    overwrite: bool


def open_reader(path: str | Path, *, pattern: str | None = None) -> Reader:
    """Open a clip for reading, by what it is.

    path     a video file, a folder or glob of images, a numbered name ("in/%04d.png"), one image (or many in one
             file), .npy, .h5, .y4m, or "-" for y4m on standard input
    pattern  which images of a folder, "*.png"
    Raises InputError, in one line, for what cannot be read; see `Reader` for what is found only while reading.
    """
    file = Path(path)
    if not str(path):   # as a path it is the current folder
        raise InputError("got an empty name, expected a video, a folder of images, .npy, .h5 or -")
    if str(path) == "-":
        from refvr.media.y4m import Y4mReader
        return Y4mReader("-")
    if is_pipe(file):   # of what comes through a pipe only y4m can be read once, front to back
        from refvr.media.y4m import Y4mReader
        return Y4mReader(file)
    if file.is_dir() or (not file.exists() and names_several(path)):
        from refvr.media.images import ImageReader
        return ImageReader(find_images(path, pattern), path)
    if not file.exists():
        raise InputError(f"{path} does not exist; expected a video, a folder of images, .npy, .h5 or -",
                         fix="check the path")
    suffix = file.suffix.lower()
    if suffix in IMAGE_SUFFIXES and suffix != ".gif" and not is_moving_png(file):
        from refvr.media.images import ImageReader
        return ImageReader([file], file, kind="image")
    if suffix == ".npy" or suffix in HDF5_SUFFIXES:
        from refvr.media.array_read import ArrayReader
        return ArrayReader(file)
    if suffix == ".y4m":
        from refvr.media.y4m import Y4mReader
        return Y4mReader(file)
    from refvr.media.video_read import VideoReader
    return VideoReader(file)


def open_writer(path: str | Path, like: ClipInfo, *, width: int | None = None, height: int | None = None,
                codec: str | None = None, crf: float | None = None, pix_fmt: str | None = None,
                fps: Fraction | float | None = None, copy_streams_from: str | Path | None = None,
                audio: str = "copy", streams: str = "all", overwrite: bool = True, job: Job | None = None,
                span: Span | None = None) -> Writer:
    """Open a clip for writing; the suffix of `path` decides what it becomes.

    path     .mp4 .mkv .mov .m4v .webm .avi: video; .png .jpg .exr ...: one image; .tif: one, or all as its pages; .gif
             .webp .apng: moving pictures; .npy, .h5, .y4m; "-": y4m on standard output; no suffix, a trailing slash or
             an existing folder: a folder of images; out/%04d.tif: numbered images
    like     the clip that it is made from: size, rate, bit depth, colour, grey and alpha follow it
    codec, crf, pix_fmt   of a video; see `encoders.plan`
    fps      a new rate; the timestamps of the frames are then ignored
    copy_streams_from     video file whose sound, subtitles, covers and attachments go along into a video
    span     which part of that file the clip is; None: all of it
    audio, streams        what becomes of them: see `streams.plan`
    Raises OutputError for anything that cannot work, before the first frame.
    """
    file, common = Path(path), _Common(width=width, height=height, overwrite=overwrite)
    suffix = file.suffix.lower()
    rate = None if fps is None else Fraction(fps).limit_denominator(1001)
    if rate is not None and rate <= 0:
        raise OutputError(f"fps is {fps}; expected a rate above 0", fix="for example 25")
    folder = str(path)[-1:] in ("/", "\\") or file.is_dir() or (not suffix and str(path) != "-")
    moving = None if folder else _moving_kind(file, like)
    video = not (folder or moving or suffix in IMAGE_SUFFIXES | HDF5_SUFFIXES | {".npy", ".y4m"} or str(path) == "-")
    given = {"codec": codec, "crf": crf, "pix_fmt": pix_fmt}
    if not video and any(value is not None for value in given.values()):
        names = ", ".join(name for name, value in given.items() if value is not None)
        raise OutputError(f"{names} given for {path}, which is no video; expected a video suffix such as .mp4",
                          fix="leave it out, or choose another output")
    writer: Writer
    if video:
        from refvr.media.video_write import VideoWriter
        own = like.kind != "video" and str(copy_streams_from) == like.source   # images have no sound to copy
        writer = VideoWriter(file, like, **common, codec=codec, crf=crf, pix_fmt=pix_fmt, fps=rate, audio=audio,
                             streams=streams, job=job, span=span,
                             copy_streams_from=None if own else copy_streams_from)
        if like.profile and "srgb" not in like.profile.lower():
            writer.warn(f"the colour profile of the images ({like.profile}) is not kept in a video, which is taken for "
                        "sRGB; convert them first if the colours look wrong")
        return writer
    if folder or moving or suffix in IMAGE_SUFFIXES:
        writer = _image_writer(file, like, folder, moving, rate, job, common)
    elif suffix == ".npy":
        from refvr.media.arrays import NpyWriter
        writer = NpyWriter(file, like, **common, job=job)
    elif suffix in HDF5_SUFFIXES:
        from refvr.media.arrays import Hdf5Writer
        writer = Hdf5Writer(file, like, **common, fps=rate, job=job)
    else:
        from refvr.media.y4m import Y4mWriter
        writer = Y4mWriter(path, like, **common, fps=rate, job=job)
    left = [line for line in like.streams if streams != "none" and not (audio == "none" and line.startswith("sound"))]
    if copy_streams_from is not None and left:
        writer.warn(f"{path} cannot hold sound or subtitles; left out: {', '.join(left)}")
    return writer


def _image_writer(file: Path, like: ClipInfo, folder: bool, moving: str | None, rate: Fraction | None, job: Job | None,
                  common: _Common) -> Writer:
    """A folder of images or numbered ones, one image, or one file of many pictures."""
    pages = not folder and file.suffix.lower() in TIFF_SUFFIXES and like.frames != 1 and not NUMBER.search(file.name)
    make: Callable[[Path], Writer]
    if moving:
        from refvr.media.moving_image import MovingImageWriter
        make = partial(MovingImageWriter, like=like, kind=moving, fps=rate, **common)
    elif pages:
        from refvr.media.pages import TiffPagesWriter
        make = partial(TiffPagesWriter, like=like, **common)
    else:
        from refvr.media.image_write import ImageWriter
        return ImageWriter(file, like, folder=folder, job=job, **common)
    from refvr.media.waiting import WaitingWriter
    return WaitingWriter(file, like, make, job=job, **common)


def _moving_kind(file: Path, like: ClipInfo) -> str | None:
    """".gif", ".webp" or ".apng" for an output that holds moving pictures; None for any other."""
    suffix = file.suffix.lower()
    if suffix == ".png" and like.codec == "apng":
        return ".apng"
    one = like.kind == "image" and like.frames == 1 and suffix != ".apng"
    return suffix if suffix in (".gif", ".webp", ".apng") and not one and not NUMBER.search(file.name) else None
