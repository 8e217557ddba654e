"""Kills runs of `restore` with SIGKILL at random moments and resumes them. A script of its own, since it forks.

    python tests/support/killing.py FOLDER KILLS SEED OPTIONS NAME...         (options of `restore` as JSON)

FOLDER holds in.*; NAME is an output, where need be with a codec, "out.mkv:ffv1". Prints one JSON object: kills,
completed runs, finished frames that were lost, results that differ from that of a run which nobody stopped.
"""
import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

from refvr.pipeline.restore import restore


def run(source, target, options, channel=None):
    """Restore in a process of its own, which writes the number of each finished frame to `channel`."""
    child = os.fork()
    if child:
        return child
    try:
        def progress(done, total):
            if channel:
                os.write(channel, b"%d\n" % done)
        report = restore(source, target, resume=True, threads=1, progress=progress, **options)
        if channel:
            os.write(channel, b"resumed %d\n" % report.resumed)
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        os._exit(1)


def finished(pipe):
    """(frames that were finished, how many of them an earlier run had finished) as the child has written them."""
    lines = os.read(pipe, 1 << 20).decode().split("\n")
    numbers = [int(line) for line in lines if line.isdigit()]
    return max(numbers, default=0), min(numbers) - 1 if numbers else None


def contents(path):
    """Everything that should not depend on interruptions: samples and times, or bytes."""
    if path.is_dir():
        return [(p.name, p.read_bytes()) for p in sorted(path.iterdir())]
    if path.suffix == ".h5":
        import h5py
        with h5py.File(path) as file:
            return [(dict(file["frames"].attrs), file["frames"][()].tobytes())]
    if path.suffix in (".npy", ".y4m", ".gif", ".webp", ".apng", ".tif"):
        return [path.read_bytes()]
    import av
    with av.open(str(path)) as clip:
        lossless = clip.streams.video[0].codec_context.name == "ffv1" or "rgb" in clip.streams.video[0].pix_fmt or \
            clip.streams.video[0].pix_fmt.startswith("gbr")
        frames = [(float(f.time), f.reformat(format="gbrp").to_ndarray().tobytes() if lossless else b"")
                  for f in clip.decode(video=0)]
    with av.open(str(path)) as clip:
        return frames + [(p.pts, bytes(p)) for p in clip.demux() if p.size and p.stream.type == "audio"]


def kill_and_resume(folder, name, options, kills, draw):
    """The tally of one output."""
    source = next(folder.glob("in.*"))
    whole, target = folder / f"whole-{name}", folder / name
    shutil.rmtree(f"{target}.part", ignore_errors=True)   # of a job before, whose last kill came before its first frame
    began = time.monotonic()
    assert os.waitpid(run(source, whole, options), 0)[1] == 0
    took, expected = time.monotonic() - began, contents(whole)
    tally = {"kills": 0, "completed": 0, "lost": 0, "wrong": 0, "failed": 0}
    done = 0
    while tally["kills"] < kills or done:
        out, into = os.pipe()
        child = run(source, target, options, into)
        os.close(into)
        began, moment = time.monotonic(), draw.uniform(0.0, took) if tally["kills"] < kills else float("inf")
        while not (ended := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() - began < moment:
            time.sleep(0.005)
        if not ended[0]:
            os.kill(child, signal.SIGKILL)
            ended = os.waitpid(child, 0)
        elif not done:
            took = min(took, time.monotonic() - began)   # the first run may have compiled kernels
        status = ended[1]
        now, before = finished(out)
        os.close(out)
        tally["lost"] += before is not None and before < done
        done = max(done, now)
        if os.WIFSIGNALED(status):
            tally["kills"] += 1
            if not target.exists() or target.is_dir() and contents(target) != expected:
                continue   # otherwise it was complete, and only the end of the process was not
        else:
            tally["failed"] += status != 0
            tally["wrong"] += Path(f"{target}.part").exists()
        tally["completed"] += 1
        tally["wrong"] += contents(target) != expected
        for path in (target, Path(f"{target}.part")):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        done = 0
        if tally["failed"]:
            break
    return tally


def main():
    folder, kills, draw = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    given = json.loads(sys.argv[4])
    tallies = {}
    for name in sys.argv[5:]:
        target, _, codec = name.partition(":")
        options = given | ({"codec": codec} if codec else {})
        if codec == "libx264rgb":
            options["crf"] = 0
        tallies[name] = kill_and_resume(folder, target, options, kills, draw)
    print(json.dumps(tallies))


if __name__ == "__main__":
    main()
