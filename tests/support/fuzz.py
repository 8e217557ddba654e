"""Damaged files for every reader: good files made here, mutations by fixed seeds, and what must come out.

    python tests/support/fuzz.py all 2000 1

COUNT mutations for each reader (or for those named, with commas) with a seed; prints for each what went wrong, as JSON.
"""
import faulthandler
import json
import sys
import tempfile
import time
import traceback
from pathlib import Path

import h5py
import hostile
import media_clips
import numpy as np
from places import GOLDEN, WEIGHT_FILES

from refvr.errors import RefvrError, printable

SECONDS, HANG = 2, 30
SHAPE = (3, 8, 10, 3)
SPECIAL = [b"\0", b"\xff", b"\x7f\xff\xff\xff", b"\xff" * 8, b"-1", b"9" * 30, b"nan", b"\n", b"True", b"\x80\0\0\0"]


def read_weights(path):
    from refvr.checkpoints.read import read

    for arrays in read(path).groups.values():
        for array in arrays.values():
            assert array.refusal or array.read().shape == array.shape


def read_inspected(path):
    from refvr.apps.convert import inspect

    inspect(path, values=True)


def read_own_weights(path):
    from refvr import zoo

    zoo.load(weights=path)


def read_clip(path):
    from refvr.media import open_reader

    with open_reader(path) as clip:
        for frame in clip:
            assert frame.rgb.dtype == np.float32 and np.isfinite(frame.rgb).all()


def read_case(path):
    from refvr.verify.cases.case import load_case

    load_case(path)


def read_trace(path):
    from refvr.verify.runs.trace_file import open_trace

    for value in open_trace(path)[0].values():
        assert value.shape is not None


def read_arrays(path):
    from refvr.verify.runs.arrays_in import open_arrays

    for value in open_arrays(path).values():
        assert value.shape is not None


def read_checkpoint(path):
    from refvr.train.checkpoint import load

    load(Path(path))


def read_vector(path):
    from refvr.verify.vectors.run import Card

    card = Card(Path(path).parent)
    card.inputs(), card.weights()


def read_table(path):
    from refvr.verify.compare.name_table import read_table

    read_table(path)


def _hdf5(path, arrays, **attributes):
    with h5py.File(path, "w") as f:
        for name, array in arrays.items():
            f.create_dataset(name, data=array, **({"chunks": True, "compression": "gzip"} if array.ndim == 4 else {}))
        f.attrs.update(attributes)
    return path.read_bytes()


def _saved(path, save, *args, **options):
    save(path, *args, **options)
    return path.read_bytes()


def _own(folder):
    from refvr import zoo
    from refvr.checkpoints import h5

    options = {"channels": 8, "blocks": 1, "depth": 1, "decoder_blocks": 1, "head": 8, "identity_init": True}
    net = zoo.build_network("safa", options)
    h5.save(folder / "own.h5", net.state(), {"network": "safa", "config": options})
    return (folder / "own.h5").read_bytes()


def _trace(folder):
    def write(path):
        with h5py.File(path, "w", track_order=True) as f:
            f.attrs.update({"refvr_trace": 1, "complete": 1, "layout": "nhwc", "dtype": "float32", "subject": "{}"})
            f["inputs/x"] = np.zeros((1, 4, 4, 3), np.float32)
            for k in range(3):
                f[f"a{k}.b"] = np.full((1, 4, 4, 3), k, np.float32)
                f[f"a{k}.b"].attrs.update({"index": k, "axes": "n h w c", "scope": ""})
    return _saved(folder / "trace.h5", write)


def _vector(folder):
    from refvr.verify.vectors.export import chosen, write

    write(folder / "vector", chosen(["relu*", "pad*", "conv2d*"])[0])
    return {path.name: path.read_bytes() for path in (folder / "vector").iterdir()}


def _images(suffix):
    from refvr.media.image_file import encode

    return encode(media_clips.noise(1, 9, 7)[0], suffix)


def _written(folder, name, frames=1):
    from refvr.media import ClipInfo, Frame, open_writer

    with open_writer(folder / name, ClipInfo(10, 8, frames=frames)) as out:
        for picture in media_clips.smooth(frames, 8, 10):
            out.write(Frame(picture))
    return (folder / name).read_bytes()


def _video(folder, name, codec="libx264rgb", pix_fmt="rgb24"):
    return media_clips.write(folder / name, media_clips.noise(3, 32, 48), codec, pix_fmt, sound=name == "a.mp4",
                             options={"crf": "0"} if "264" in codec else {}).read_bytes()


def _y4m(folder):
    return b"YUV4MPEG2 W8 H4 F30000:1001 Ip A1:1 C420jpeg XCOLORRANGE=FULL\n" + (b"FRAME\n" + bytes(range(48))) * 3


def _npy(folder, array=None):
    return _saved(folder / "x.npy", np.save, np.random.default_rng(0).random(SHAPE) if array is None else array)


def _tar(folder):
    start = b"\x80\x02"
    storages = start + b"K\1." + start + b"(K\5" + hostile.text_of("cpu") + b"ctorch\nFloatStorage\nt." \
        + np.int64(6).tobytes() + np.arange(6, dtype="<f4").tobytes() + start + b"]."
    tensors = start + b"K\1." + start + b"(K\1K\5ctorch\nFloatTensor\nt." \
        + np.int64(2).tobytes() + np.int64([2, 2, 1, 2, 0]).tobytes()
    return hostile.tar_file(sys_info=start + b"}.", storages=storages, tensors=tensors,
                            pickle=start + b"}(" + hostile.text_of("w") + hostile.text_of("1") + b"Qu.")


PICKLE = hostile.state(hostile.tensor())
READERS = {  # name -> (function, name of the file, a good one)
    "weights zip": (read_weights, "x.pth", lambda folder: (WEIGHT_FILES / "odd_zip.pth").read_bytes()),
    "weights small zip": (read_weights, "x.pth", lambda folder: hostile.zip_file(PICKLE)),
    "inspected zip": (read_inspected, "x.pth", lambda folder: hostile.zip_file(PICKLE)),
    "weights legacy": (read_weights, "x.pth", lambda folder: hostile.legacy_file(PICKLE)),
    "weights tar": (read_weights, "x.pth", _tar),
    "weights npz": (read_weights, "x.npz", lambda folder: _saved(folder / "a.npz", np.savez, w=np.arange(6.0))),
    "weights safetensors": (read_weights, "x.safetensors", lambda folder: hostile.safetensors_file([0, 16])),
    "weights hdf5": (read_weights, "x.h5", lambda folder: _hdf5(folder / "a.h5", {"params/w": np.arange(6.0)}, a="x")),
    "inspected hdf5": (read_inspected, "x.h5", _own),
    "weights of ours": (read_own_weights, "x.h5", _own),
    "clip npy": (read_clip, "x.npy", _npy),
    "clip hdf5": (read_clip, "x.h5", lambda folder: _hdf5(
        folder / "a.h5", {"frames": np.zeros(SHAPE, np.uint8)}, fps=25.0)),
    "clip y4m": (read_clip, "x.y4m", _y4m),
    "clip png": (read_clip, "x.png", lambda folder: _images(".png")),
    "clip tiff": (read_clip, "x.tif", lambda folder: _images(".tif")),
    "clip jpeg": (read_clip, "x.jpg", lambda folder: _images(".jpg")),
    "clip webp": (read_clip, "x.webp", lambda folder: _images(".webp")),
    "clip bmp": (read_clip, "x.bmp", lambda folder: _images(".bmp")),
    "clip gif": (read_clip, "x.gif", lambda folder: _written(folder, "a.gif", 3)),
    "clip apng": (read_clip, "x.png", lambda folder: _written(folder, "a.apng", 3)),
    "clip exr": (read_clip, "x.exr", lambda folder: _written(folder, "a.exr")),
    "clip dpx": (read_clip, "x.dpx", lambda folder: _written(folder, "a.dpx")),
    "clip mp4": (read_clip, "x.mp4", lambda folder: _video(folder, "a.mp4")),
    "clip mkv": (read_clip, "x.mkv", lambda folder: _video(folder, "a.mkv", "ffv1", "yuv420p")),
    "clip avi": (read_clip, "x.avi", lambda folder: _video(folder, "a.avi", "mjpeg", "yuvj420p")),
    "case": (read_case, "x.h5", lambda folder: (GOLDEN / "edvr_tiny_a.h5").read_bytes()),
    "trace": (read_trace, "x.h5", _trace),
    "arrays npy": (read_arrays, "x.npy", lambda folder: _npy(folder, np.arange(12.0).reshape(3, 4))),
    "checkpoint": (read_checkpoint, "x.h5", lambda folder: _hdf5(
        folder / "a.h5", {"network1/a": np.zeros(3)}, format="refvr training checkpoint 1", facts="{}", progress="{}")),
    "vector": (read_vector, "vector.json", _vector),
    "table": (read_table, "x.txt", lambda folder: b'{"a.b": "c.d", "e": "f"}'),
}


def mutated(data, rng):
    """`data` with one to four changes: bits, bytes, special values, cuts, insertions, repetitions."""
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(0, max(1, len(data))))
        if rng.random() < 0.5:
            at = min(at, int(rng.integers(0, 400)))    # headers more often
        kind = int(rng.integers(0, 7))
        new = SPECIAL[rng.integers(len(SPECIAL))] if rng.random() < 0.4 else rng.bytes(int(rng.integers(1, 9)))
        if kind <= 2:
            bit = 1 << int(rng.integers(8))
            data = data[:at] + bytes(byte ^ bit for byte in data[at:at + 1]) + data[at + 1:]
        elif kind == 3:
            data = data[:at] + new + data[at + len(new):]
        elif kind == 4:
            data = data[:at] + data[at + int(rng.integers(1, 64)):]
        elif kind == 5:
            data = data[:at] + new + data[at:]
        else:
            data = data[:at] + data[at:at + 40] * 2 + data[at + 40:] if rng.random() < 0.8 else data[:at]
    return data


def fuzz(reader, count, seed=0):
    """What went wrong: one text each, with the number of the mutation."""
    function, name, make = READERS[reader]
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        good = make(folder)
        files = good if isinstance(good, dict) else {name: good}
        (folder / "in").mkdir()
        for other, data in files.items():
            (folder / "in" / other).write_bytes(data)
        path = folder / "in" / name
        function(path)    # the good one is read
        for k in range(count):
            path.unlink()      # a new file: the old one may be mapped
            path.write_bytes(mutated(files[name], np.random.default_rng([seed, sorted(READERS).index(reader), k])))
            began = time.process_time()
            faulthandler.dump_traceback_later(HANG, exit=True)
            try:
                function(path)
            except RefvrError as error:
                if printable(str(error)) != str(error):
                    wrong.append(f"{k}: not one line: {error!r}")
            except BaseException:
                wrong.append(f"{k}: {traceback.format_exc()[-1500:]}")
            finally:
                faulthandler.cancel_dump_traceback_later()
            if time.process_time() - began > SECONDS:
                wrong.append(f"{k}: {time.process_time() - began:.1f} s")
    return wrong


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    chosen = sorted(READERS) if sys.argv[1] == "all" else sys.argv[1].split(",")
    for each in chosen:
        start = time.time()
        wrong = fuzz(each, int(sys.argv[2]), int(sys.argv[3]))
        print(json.dumps([each, wrong, round(time.time() - start, 1)]), flush=True)
