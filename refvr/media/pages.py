"""Frames -> one TIFF of many pages, as microscopes and scanners write them. Each page is whole when the next begins."""
from __future__ import annotations

from pathlib import Path

from refvr.errors import OutputError
from refvr.media import image_tiff
from refvr.media.atomic import PartFile
from refvr.media.clip import ClipInfo, Frame
from refvr.media.image_tags import NO_TAGS
from refvr.media.image_write import HELD, sample_bits, samples_of
from refvr.media.quiet import Quiet
from refvr.media.writer import Writer

CLASSIC_BYTES = 1 << 31   # beyond that, or where the number of frames is not known, the file is a BigTIFF


class TiffPagesWriter(Writer):
    """Write the pages of a TIFF; depth, grey, alpha, profile and density as for single images."""

    def __init__(self, path: Path, like: ClipInfo, *, width: int | None = None, height: int | None = None,
                 overwrite: bool = True) -> None:
        super().__init__(path, height or like.height, width or like.width)
        import tifffile
        self.grey, self._alpha, self.bits = like.grey, like.has_alpha, sample_bits(".tif", like)
        size = self.height * self.width * 4 * (-(-self.bits // 8)) * (like.frames or 0)
        self.held_frames = HELD[".tif"][like.has_alpha]
        self._part = PartFile(self.path, like.source, overwrite=overwrite)
        file = Quiet(self._part)
        self._tiff = tifffile.TiffWriter(
            file,   # type: ignore[arg-type]  # the stub asks for all of IO[bytes], tifffile for what Quiet has
            bigtiff=not 0 < size < CLASSIC_BYTES)

    def _write(self, frame: Frame) -> None:
        samples = samples_of(frame, self.grey, self._alpha, self.bits, ".tif").whole()
        image_tiff.append(self._tiff, samples, frame.tags or NO_TAGS)
        self._part.check()

    def _finish(self) -> None:
        if not self.written:
            raise OutputError(f"no frame was written to {self.path}; expected at least one", fix="check the input")
        self._part.commit()

    def _abandon(self) -> Path | None:
        """The pages that are there; after a failed write the last one may be cut off, and the file is not kept."""
        if self.written and not self._part.error:
            return self._part.keep()
        self._part.discard()
        return None
