"""Files that appear under their final name only when they are complete.

A file is written under another name of the same folder (so that the last step is a rename, which cannot fail halfway)
and becomes `clip.mp4` by `commit`, or `clip.partial.mp4` by `keep` after an interruption. What takes long is written in
a folder of its own, see part_folder.py.
"""
from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from io import BufferedRandom
from pathlib import Path
from tempfile import TemporaryFile

from refvr.errors import OutputError

LONGEST_NAME = 255   # bytes, on every usual file system


def sibling(path: Path, tag: str) -> Path:
    """`clip.mp4`, "partial" -> `clip.partial.mp4`: the suffix stays, since it names the format."""
    return path.with_name(fitting(path.stem, f".{tag}{path.suffix}"))


def fitting(stem: str, end: str) -> str:
    """`stem` + `end`; where that is too long for a file system, the stem is cut and gets a hash of what it was."""
    if len(os.fsencode(stem + end)) <= LONGEST_NAME:
        return stem + end
    mark = "-" + hashlib.sha256(os.fsencode(stem)).hexdigest()[:8]
    while len(os.fsencode(stem + mark + end)) > LONGEST_NAME:
        stem = stem[:-1]
    return stem + mark + end


def _unused(path: Path) -> Path:
    """A hidden name beside `path` that nothing has: `.clip.5f3a9c04.part.mp4`."""
    return path.with_name(fitting(f".{path.stem}", f".{secrets.token_hex(4)}.part{path.suffix}"))


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder to the disk, where a system can."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def partial_name(path: Path) -> Path:
    """A free name for unfinished work: `clip.partial.mp4`, or `clip.partial2.mp4` if there is one already."""
    kept, count = sibling(path, "partial"), 1
    while os.path.lexists(kept):
        count += 1
        kept = sibling(path, f"partial{count}")
    return kept


def made_folder(path: str | Path) -> Path:
    """The folder `path`, made with those above it where it does not exist. Raises OutputError where that fails."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {error.strerror}", fix="choose another --out") from error
    return Path(path)


def unwritable(path: Path | str, error: OSError) -> OutputError:
    """The error for a failed write, with what to do about the usual reasons."""
    fix = {"ENOSPC": "free some space or choose another disk", "EDQUOT": "free some space or choose another disk",
           "EFBIG": "the file size limit was reached; raise it or write in parts",
           "EACCES": "choose a folder that you may write to", "EPERM": "choose a folder that you may write to",
           "EROFS": "choose a folder that you may write to", "ENOENT": "create the folder first",
           "ENOTDIR": "a part of the path is a file, not a folder", "EPIPE": "the reading program ended"}
    code = errno.errorcode.get(error.errno or 0, "")
    if code == "ENOENT" and Path(path).absolute().parent.is_dir():   # as /proc says it
        return OutputError(f"cannot write {path}: its folder takes no files; expected a writable place with room for "
                           "it", fix="choose another folder")
    return OutputError(f"cannot write {path}: {error.strerror or error}; expected a writable place with room for it",
                       fix=fix.get(code, ""))


def check_target(path: Path, source: str | None, *, overwrite: bool) -> None:
    """Refuse an output that is the input, a folder, in a missing folder, or in the way of an existing file."""
    if source and source != "-" and (os.path.realpath(path) == os.path.realpath(source) or
                                     same_file(path, Path(source))):
        raise OutputError(f"output {path} is the input itself; expected another name", fix="choose another output path")
    if path.is_dir():
        raise OutputError(f"output {path} is a folder; expected a file name", fix="add a file name such as out.mp4")
    if path.exists() and not path.is_file():
        raise OutputError(f"output {path} is a device or a pipe; expected a file name",
                          fix="- writes y4m to standard output, and a .y4m output may be a pipe")
    if path.parent.exists() and not path.parent.is_dir():
        raise OutputError(f"{path.parent} is a file, so {path.name} cannot be in it; expected a folder",
                          fix="choose another output path")
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} of output {path.name} does not exist; expected an existing folder",
                          fix="create it first")
    if path.exists() and not overwrite:
        raise OutputError(f"output {path} exists; expected a new name",
                          fix="choose another name, or leave --no-overwrite out")


def check_writable(path: Path) -> None:
    """Refuse an output whose folder takes no new file, before anything is computed for it."""
    try:
        with TemporaryFile(dir=path.absolute().parent):
            pass
    except OSError as error:
        raise unwritable(path, error) from error


class PartFile:
    """An output file on its way. `file` is open for writing and reading; `commit`, `keep` or `discard` ends it.

    part   where it comes to be: a new file, never one that exists (`again`: one that this program left), never through
           a link. None: a hidden file beside `path`, with a name that nothing else has
    error  the first failure to write, which forbids the final name from then on
    """

    def __init__(self, path: Path, source: str | None = None, *, overwrite: bool = True, part: Path | None = None,
                 again: bool = False) -> None:
        if part is None:
            check_target(path, source, overwrite=overwrite)
        self.final, self.part = path, part or _unused(path)
        self.error: OSError | None = None
        flags = os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        try:
            number = os.open(self.part, flags if again else flags | os.O_CREAT | os.O_EXCL, 0o666)
            self.file: BufferedRandom = os.fdopen(number, "r+b")   # closed by commit, keep or discard
        except OSError as error:
            raise unwritable(path, error) from error

    def _try(self, action: Callable[[], object]) -> None:
        try:
            action()
        except OSError as error:
            self.error = self.error or error
        self.check()

    def write(self, data: bytes) -> None:
        """Append or overwrite at the current place. Raises OutputError."""
        self._try(lambda: self.file.write(data))

    def seek(self, offset: int) -> None:
        """Go to a place; writes the buffer first, so it may fail for lack of space. Raises OutputError."""
        self._try(lambda: self.file.seek(offset))

    def cut(self, size: int) -> None:
        """Make the file end, and go on, at `size`. Raises OutputError."""
        self._try(lambda: self.file.truncate(self.file.seek(size)))

    def flush(self) -> None:
        """Hand everything to the operating system: a killed process loses nothing of it. Raises OutputError."""
        self._try(self.file.flush)

    def sync(self) -> None:
        """Bring everything to the disk: lost power loses nothing of it. Raises OutputError."""
        self.flush()
        self._try(lambda: os.fsync(self.file.fileno()))

    def check(self) -> None:
        """Raise OutputError if a write failed."""
        if self.error:
            raise unwritable(self.final, self.error) from self.error

    def commit(self) -> None:
        """Bring every byte to the disk, then rename to the final name. Raises OutputError."""
        self.check()
        self.sync()
        try:
            self.file.close()
            os.replace(self.part, self.final)
        except OSError as error:
            self.error = error
            raise unwritable(self.final, error) from error
        sync_folder(self.final.parent)

    def keep(self) -> Path:
        """Rename what is there to a free `.partial` name and return it."""
        self.close()
        return self.part.replace(partial_name(self.final))

    def discard(self) -> None:
        """Remove what is there."""
        self.close()
        self.part.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file where it is; never raises."""
        try:
            self.file.close()
        except OSError as error:   # the last buffer found no room: what reached the disk is all there is
            self.error = self.error or error


@contextlib.contextmanager
def written(path: Path) -> Iterator[PartFile]:
    """A file that is there when the block ends, and nothing of it when the block fails. Raises OutputError."""
    out = PartFile(path)
    try:
        yield out
        out.commit()
    except BaseException:
        out.discard()
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """Write a whole small file atomically. Raises OutputError and leaves nothing behind."""
    with written(path) as out:
        out.write(data)


def same_file(a: Path, b: Path) -> bool:
    """Whether both exist and are one file."""
    try:
        return a.samefile(b)
    except OSError:
        return False
