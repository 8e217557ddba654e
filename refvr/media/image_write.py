"""Frames -> image files: a folder, numbered names, or one picture.

Out: the names of the input images (frame_000000 ... for others), 16 bits if the input has more than 8; colour profile
and density of the input. A folder gets PNG, or OpenEXR, DPX and TIFF of floats if the input is that; `out/%04d.tif`
chooses another format and numbering. Every image is complete when it has its name.
"""
from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np

from refvr.errors import OutputError
from refvr.media import colour as colours
from refvr.media import image_file
from refvr.media.append_file import AppendFile
from refvr.media.atomic import check_target, unwritable, written
from refvr.media.clip import ClipInfo, Frame
from refvr.media.heap import give_back
from refvr.media.image_tags import NO_TAGS
from refvr.media.part_folder import Job, PartFolder
from refvr.media.room import IMAGES, Need
from refvr.media.sequences import NUMBER
from refvr.media.strips import Strips, strips_of
from refvr.media.writer import Writer

# See Writer.held_frames: without alpha, with it. Measured for noise, which packs worst (tests/media/test_images.py)
HELD = {".exr": (6.5, 8.5), ".webp": (4.5, 4.5), ".gif": (4.0, 4.0), ".dpx": (1.3, 1.7), ".tif": (1.5, 3.0),
        ".tiff": (1.5, 3.0)}
HELD_16, HELD_8 = (1.8, 2.4), (0.5, 0.5)   # of others, by their bits


class ImageWriter(Writer):
    """Write a folder of images, or one picture when `path` has the suffix of an image.

    An existing folder must be empty or hold only images of the same kind, of which those with the same names are
    replaced; nothing is ever removed.
    """

    held_between = 0.0   # each image is complete when it is written

    def __init__(self, path: Path, like: ClipInfo, *, folder: bool = False, width: int | None = None,
                 height: int | None = None, overwrite: bool = True, job: Job | None = None) -> None:
        super().__init__(path, height or like.height, width or like.width)
        self.grey, self.overwrite = like.grey, overwrite
        self._numbered = bool(NUMBER.search(self.path.name)) and not folder
        self._single = not folder and not self._numbered
        self.suffix = folder_suffix(like) if folder else self.path.suffix.lower()
        self.folder = self.path if folder else self.path.parent
        self.bits = sample_bits(self.suffix, like)
        self.keeps_beyond = self.suffix == ".exr"
        held = HELD.get(self.suffix, HELD_16 if self.bits == 16 else HELD_8)
        self.held_frames = held[like.has_alpha]
        self._names: dict[str, None] = {}
        self._source = like.source
        self._check_format(like)
        if self._single:
            if like.frames and like.frames > 1:
                raise _more_than_one(self.path, f"{like.frames} frames")
            check_target(self.path, like.source, overwrite=overwrite)
        else:
            self._check_folder(job)

    def _check_format(self, like: ClipInfo) -> None:
        if self._numbered and self.path.name.count("%") > 1:
            raise OutputError(f"{self.path.name} is no numbering pattern; expected one number such as %04d.png",
                              fix="use exactly one %d")
        if self.suffix not in image_file.SUFFIXES:
            raise OutputError(f"{self.path.name} is no image pattern; expected for example %04d.png",
                              fix="choose one of " + " ".join(sorted(image_file.SUFFIXES)))
        if like.bit_depth > 8 and self.suffix not in image_file.DEEP_SUFFIXES:
            self.warnings.append(f"{self.suffix} holds 8 bits; the {like.bit_depth} bits of the input are rounded")
        self._alpha = self.suffix in image_file.ALPHA_SUFFIXES
        if like.has_alpha and not self._alpha:
            self.warnings.append(f"{self.suffix} has no alpha channel; transparency is left out")

    def _check_folder(self, job: Job | None) -> None:
        source = Path(self._source) if self._source else None
        if source and source.is_dir() and source.resolve() == self.folder.resolve():
            raise OutputError(f"output folder {self.folder} is the input itself; expected another folder",
                              fix="choose another output path")
        if self.folder.exists() and not self.folder.is_dir():
            raise OutputError(f"output {self.folder} is a file; expected a folder", fix="choose another name")
        if not self.folder.parent.is_dir():
            raise OutputError(f"the folder {self.folder.parent} does not exist; expected an existing one",
                              fix="create it first")
        old = [p for p in self.folder.iterdir() if p.name[0] != "." and not p.name.startswith(f"{self.path.name}.part")
               ] if self.folder.exists() else []
        foreign = sorted(p.name for p in old if p.suffix.lower() != self.suffix)
        resumes = job is not None and job.resume
        if foreign:
            raise OutputError(f"output folder {self.folder} holds {foreign[0]}; expected a new folder, or one with "
                              f"nothing but earlier {self.suffix} images", fix="choose another folder")
        if old and not self.overwrite and not resumes:
            raise OutputError(f"output folder {self.folder} holds {min(p.name for p in old)}; with --no-overwrite "
                              "expected a new or an empty folder",
                              fix="choose another folder, or leave --no-overwrite out")
        self._old, self._made = {p.name for p in old}, not self.folder.exists()
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        made = {"size": [self.width, self.height], "bits": self.bits, "grey": self.grey}
        self.part = part = PartFolder(self.path, job=job, made=made, folder=True)
        self.warnings += part.warnings
        self._log = AppendFile.resumed(part.file("frames.names"), self.path, b"")
        self._names = dict.fromkeys(self._finished(part))
        self.written = len(self._names)

    def _finished(self, part: PartFolder) -> list[str]:
        """The names of the images that an earlier run has finished, as far as they are still there."""
        names = part.file("frames.names").read_text().split("\0")[:len(self._log.entries)]
        gone = next((k for k, name in enumerate(names) if not (self.folder / name).is_file()), len(names))
        self._log.keep(gone)
        return names[:gone]

    def _write(self, frame: Frame) -> None:
        if self._single and self.written:
            raise _more_than_one(self.path, "more frames")
        target = self.path if self._single else self.folder / self._name(frame)
        if target.name in self._names:
            raise OutputError(f"two frames are called {target.name}; expected one name per frame",
                              fix="rename the input")
        if self._source and Path(self._source).exists() and target.exists() and target.samefile(self._source):
            raise OutputError(f"output {target} is the input itself; expected another name", fix="choose another path")
        samples = samples_of(frame, self.grey, self._alpha, self.bits, self.suffix)
        beyond = None if frame.beyond is None else frame.beyond[..., :samples.shape[2]]
        with written(target) as out:
            image_file.write(out, samples, self.suffix, bits=self.bits, tags=frame.tags or NO_TAGS, beyond=beyond)
        give_back(frame.rgb.nbytes)
        self._names[target.name] = None
        if not self._single:
            self._log.write(target.name.encode() + b"\0")
            self._log.mark()

    def _name(self, frame: Frame) -> str:
        if self._numbered:
            return self.path.name % self.written
        return (frame.name or f"frame_{self.written:06d}") + self.suffix

    def _finish(self) -> None:
        if not self.written:
            raise OutputError(f"no frame was written to {self.path}; expected at least one", fix="check the input")
        left = sorted(self._old - self._names.keys()) if not self._single else []
        if left:
            self.warn(f"{len(left)} older image{'s remain' if len(left) > 1 else ' remains'} in {self.folder}, for "
                      f"example {left[0]}")
        if self.part is not None:
            self._log.close()
            for torn in self.folder.glob(f".*.part{self.suffix}"):   # of a process that was killed
                torn.unlink(missing_ok=True)
            self.part.finished()

    def _need(self) -> Need:
        return IMAGES

    def _sync(self) -> None:
        if not self._single:
            self._log.sync()

    def _abandon(self) -> Path | None:
        if self.part is None:
            return self.path if self.written else None
        self._log.close()
        left = self.part.leave(self.folder if self.written else None)
        if self._made and not self.written:
            with suppress(OSError):   # what somebody else has put there stays
                self.folder.rmdir()
        return left


def folder_suffix(like: ClipInfo) -> str:
    """What a folder of images gets: PNG, or what the input is where PNG cannot hold its values."""
    if like.kind in ("image", "images") and (like.codec in ("exr", "dpx") or like.bit_depth == 32):
        return f".{like.codec}"
    return ".png"


def sample_bits(suffix: str, like: ClipInfo) -> int:
    """Bits of a sample: 8, 16, 10 or 12 (DPX), 32 for floats."""
    floats = like.bit_depth == 32 and like.kind in ("image", "images")
    if suffix == ".exr" or (floats and suffix in image_file.TIFF_SUFFIXES):
        return 32
    if like.bit_depth <= 8 or suffix not in image_file.DEEP_SUFFIXES:
        return 8
    coloured = not like.grey and not like.has_alpha
    return like.bit_depth if suffix == ".dpx" and coloured and like.bit_depth in (10, 12) else 16


def samples_of(frame: Frame, grey: bool, with_alpha: bool, bits: int, suffix: str) -> Strips:
    """(h, w, c) samples, uint8, uint16 or float32.

    Grey is the mean of the three channels, which are three estimates of one value. OpenEXR and DPX have no grey with
    alpha.
    """
    alpha = frame.alpha if with_alpha else None
    grey = grey and not (alpha is not None and suffix in (".exr", ".dpx"))
    if bits == 32 and alpha is None and not grey:
        return strips_of(frame.rgb.astype(np.float32, copy=False))

    def rows(part: slice) -> np.ndarray:
        colour = frame.rgb[part].mean(axis=2, keepdims=True) if grey else frame.rgb[part]
        if alpha is not None:
            colour = np.concatenate([colour, alpha[part, :, None]], axis=2)
        if bits == 32:
            return colour.astype(np.float32, copy=False)
        return colours.to_integer(colour, bits, 2 ** bits - 1)

    channels = (1 if grey else 3) + (alpha is not None)
    kind = np.dtype(np.float32 if bits == 32 else np.uint8 if bits == 8 else np.uint16)
    return Strips((*frame.rgb.shape[:2], channels), kind, rows)


def _more_than_one(path: Path, what: str) -> OutputError:
    return OutputError(f"{path} is one image but the clip has {what}; expected a folder, a pattern or a video",
                       fix=f"use a folder such as {path.stem}/, or .tif, .webp, .gif or .apng for all in one file")
