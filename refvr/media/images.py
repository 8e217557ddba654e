"""Images <-> frames: a folder, a glob or a single picture.

In: PNG, TIFF (8 or 16 bits), JPEG, BMP, WebP; names in natural order (frame2 before frame10); all of one size.
Grey becomes three equal channels, and is written as grey again (the mean of the three); alpha passes untouched.
Out: the names of the input images (frame_000000 ... for others), 16 bits if the input has more than 8. A folder gets
PNG; `out/%04d.tif` chooses another format and numbering. Every image is complete when it has its name.
"""
from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from refvr.errors import InputError, OutputError
from refvr.media import colour as colours
from refvr.media import image_file
from refvr.media.append_file import AppendFile
from refvr.media.atomic import check_target, unwritable, write_bytes
from refvr.media.clip import ClipInfo, Frame, Reader, Writer
from refvr.media.part_folder import Job, PartFolder


def natural(name: str) -> list:
    """Sort key: runs of digits count as numbers, so that frame2 comes before frame10."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in re.split(r"(\d+)", name)]


def find(path: str | Path, pattern: str | None = None) -> list[Path]:
    """The images of a folder (of those, the ones that match `pattern`) or of a glob, in natural order.

    Raises InputError if there are none.
    """
    folder = Path(path)
    if folder.is_dir():
        found = folder.glob(pattern or "*")
    else:
        found = map(Path, glob.glob(str(path)))
    files = [p for p in found if p.is_file() and p.suffix.lower() in image_file.SUFFIXES and p.name[0] != "."]
    if not files:
        kinds = " ".join(sorted(image_file.SUFFIXES))
        raise InputError(f"{path}{f' ({pattern})' if pattern else ''} holds no images; expected files such as {kinds}",
                         fix="check the folder, or give a video file")
    return sorted(files, key=lambda p: natural(str(p)))


class ImageReader(Reader):
    """Images of one size as a clip. All headers are looked at on opening, so that a wrong size is found at once."""

    def __init__(self, files: list[Path], source: str | Path, kind: str = "images") -> None:
        super().__init__()
        self.files = files
        shapes = [image_file.shape_of(file) for file in files]
        height, width, _ = shapes[0]
        for file, (h, w, _) in zip(files, shapes):
            if (h, w) != (height, width):
                raise InputError(f"{file.name} is {w}x{h} but {files[0].name} is {width}x{height}; expected images of "
                                 "one size", fix="sort them into one folder per size")
        if len({file.stem for file in files}) < len(files):
            raise InputError(f"two images of {source} have the same name but for suffix or folder; expected one per "
                             "frame", fix="choose one kind with a pattern such as '*.png'")
        first = image_file.decode(files[0])   # orientation marks may swap its sides
        depth = max({image_file.depth_of(file) for file in files if file.suffix.lower() in image_file.DEEP_SUFFIXES},
                    default=8)
        self.info = ClipInfo(width=first.shape[1], height=first.shape[0], frames=len(files), bit_depth=depth, kind=kind,
                             has_alpha=any(c in (2, 4) for _, _, c in shapes), grey=all(c < 3 for _, _, c in shapes),
                             source=str(source), codec=files[0].suffix[1:].lower())

    def _frames(self) -> Iterator[Frame]:
        for file in self.files:
            samples = image_file.decode(file)
            if samples.shape[:2] != (self.info.height, self.info.width):
                raise InputError(f"{file.name} is {samples.shape[1]}x{samples.shape[0]}; expected "
                                 f"{self.info.width}x{self.info.height} like the first image",
                                 fix="sort them into one folder per size")
            values = samples.astype(np.float32) / np.float32(np.iinfo(samples.dtype).max)
            grey, alpha = samples.shape[2] < 3, samples.shape[2] in (2, 4)
            rgb = np.repeat(values[..., :1], 3, axis=2) if grey else np.ascontiguousarray(values[..., :3])
            yield Frame(rgb, alpha=np.ascontiguousarray(values[..., -1]) if alpha else None, name=file.stem)


class ImageWriter(Writer):
    """Write a folder of images, or one picture when `path` has the suffix of an image.

    An existing folder must be empty or hold only images of the same kind, of which those with the same names are
    replaced; nothing is ever removed.
    """

    def __init__(self, path: Path, like: ClipInfo, *, folder: bool = False, width: int | None = None,
                 height: int | None = None, overwrite: bool = True, job: Job | None = None) -> None:
        super().__init__(path, height or like.height, width or like.width)
        self.grey, self.overwrite = like.grey, overwrite
        self._numbered = "%" in self.path.name and not folder
        self._single = not folder and not self._numbered
        self.suffix = self.path.suffix.lower() if self._single or self._numbered else ".png"
        self.folder = self.path.parent if self._single or self._numbered else self.path
        self.bits = 16 if like.bit_depth > 8 else 8
        self._names: dict[str, None] = {}
        self._source = like.source
        self._check_format(like)
        if self._single:
            if like.frames and like.frames > 1:
                raise OutputError(f"{self.path} is one image but the clip has {like.frames} frames; expected a folder, "
                                  "a pattern or a video", fix=f"use a folder such as {self.path.stem}/")
            check_target(self.path, like.source, overwrite=overwrite)
        else:
            self._check_folder(job)

    def _check_format(self, like: ClipInfo) -> None:
        if self.suffix not in image_file.SUFFIXES:
            raise OutputError(f"{self.path.name} is no image pattern; expected for example %04d.png",
                              fix="choose one of " + " ".join(sorted(image_file.SUFFIXES)))
        if self.bits == 16 and self.suffix not in image_file.DEEP_SUFFIXES:
            self.bits = 8
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
        if foreign or (old and not self.overwrite and not resumes):
            raise OutputError(f"output folder {self.folder} holds {(foreign or [old[0].name])[0]}; expected a new "
                              f"folder, or one with nothing but earlier {self.suffix} images",
                              fix="choose another folder")
        self._old = {p.name for p in old}
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(self.folder, error) from error
        made = {"size": [self.width, self.height], "bits": self.bits, "grey": self.grey}
        self.part = PartFolder(self.path, job=job, made=made, folder=True)
        self.warnings += self.part.warnings
        self._log = AppendFile.resumed(self.part.file("frames.names"), self.path, b"")
        self._names = dict.fromkeys(self._finished())
        self.written = len(self._names)

    def _finished(self) -> list[str]:
        """The names of the images that an earlier run has finished, as far as they are still there."""
        names = self.part.file("frames.names").read_text().split("\0")[:len(self._log.entries)]
        gone = next((k for k, name in enumerate(names) if not (self.folder / name).is_file()), len(names))
        self._log.keep(gone)
        return names[:gone]

    def _write(self, frame: Frame) -> None:
        if self._single and self.written:
            raise OutputError(f"{self.path} is one image but the clip has more frames; expected a folder, a pattern or "
                              "a video", fix=f"use a folder such as {self.path.stem}/")
        target = self.path if self._single else self.folder / self._name(frame)
        if target.name in self._names:
            raise OutputError(f"two frames are called {target.name}; expected one name per frame",
                              fix="rename the input")
        if self._source and Path(self._source).exists() and target.exists() and target.samefile(self._source):
            raise OutputError(f"output {target} is the input itself; expected another name", fix="choose another path")
        write_bytes(target, image_file.encode(self._samples(frame), self.suffix))
        self._names[target.name] = None
        if not self._single:
            self._log.write(target.name.encode() + b"\0")
            self._log.mark()

    def _name(self, frame: Frame) -> str:
        if self._numbered:
            try:
                return self.path.name % self.written
            except (TypeError, ValueError) as error:
                raise OutputError(f"{self.path.name} is no numbering pattern; expected one number such as %04d.png",
                                  fix="use exactly one %d") from error
        return (frame.name or f"frame_{self.written:06d}") + self.suffix

    def _samples(self, frame: Frame) -> np.ndarray:
        """(h, w, c) integer samples. Grey is the mean of the three channels, which are three estimates of one value."""
        colour = frame.rgb.mean(axis=2, keepdims=True) if self.grey else frame.rgb
        if frame.alpha is not None and self._alpha:
            colour = np.concatenate([colour, frame.alpha[..., None]], axis=2)
        return colours.to_integer(colour, self.bits, 2 ** self.bits - 1)

    def _finish(self) -> None:
        if not self.written:
            raise OutputError(f"no frame was written to {self.path}; expected at least one", fix="check the input")
        left = sorted(self._old - self._names.keys()) if not self._single else []
        if left:
            self.warn(f"{len(left)} older images remain in {self.folder}, for example {left[0]}")
        if not self._single:
            self._log.close()
            for torn in self.folder.glob(f".*.part{self.suffix}"):   # of a process that was killed
                torn.unlink(missing_ok=True)
            self.part.finished()

    def _sync(self) -> None:
        if not self._single:
            self._log.sync()

    def _abandon(self) -> Path | None:
        if self._single:
            return self.path if self.written else None
        self._log.close()
        return self.part.leave(self.folder if self.written else None)
