"""The page: everything that is known of one call, in one HTML file that needs nothing else.

The file holds page/page.html with page/*.css and page/*.js in it and, as JSON, what `collect` gathers. Pictures are
PNG or JPEG inside of it; rows of the Jacobian are float32, exact, in base64.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from refvr.explain import fold, large, rows, sight
from refvr.explain.encode import floats, jpeg, lighter, png
from refvr.explain.maps import maps_and_noise
from refvr.explain.points import Point, points_of
from refvr.explain.says import says
from refvr.explain.whatif import SHARES, WhatIf, what_ifs
from refvr.media.atomic import write_bytes
from refvr.metrics import psnr
from refvr.nn.trace import trace
from refvr.pipeline.drivers import restore_frames
from refvr.verify.runs.network_call import Subject

PAGE = Path(__file__).parent / "page"
PATCH = 4          # a patch reaches so many pixels of the result to each side
ROW_SIDE = 48      # at most so many pixels of each frame, each way, of a row; how much is left out is said
MOST_BYTES = 15_000_000

Progress = Callable[[int, "int | None"], None]


def explain(s: sight.Sight, out: str | Path, *, asked: tuple[tuple[int, int], ...] = (), grid: tuple[int, int] = (4, 6),
            progress: Progress = lambda done, total: None) -> dict[str, Any]:
    """Write the page of a call; returns what it holds, as plain values.

    asked  pixels (row, column) of the result that must be among those one can click;  grid: rows and columns of others
    """
    data = collect(s, asked, grid, progress)
    write_bytes(Path(out), fitted(data).encode())
    return data


def fitted(data: dict[str, Any], most: int = MOST_BYTES) -> str:
    """The page, of at most `most` bytes if it can be: then frames around and maps are JPEG; the frame itself stays."""
    text = html(data)
    for what in ("times", "maps"):
        if len(text) > most:
            data[what] = lighter(data[what])
            text = html(data)
    return text


def html(data: dict[str, Any]) -> str:
    """The page around its data."""
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    page = (PAGE / "page.html").read_text()
    script = "\n".join((PAGE / name).read_text() for name in ("view.js", "story.js", "graph.js", "page.js"))
    for name, part in (("STYLE", (PAGE / "page.css").read_text()), ("SCRIPT", script), ("DATA", text)):
        page = page.replace(f"/*{name}*/", part)
    return page


def collect(s: sight.Sight, asked: tuple[tuple[int, int], ...], grid: tuple[int, int], progress: Progress
            ) -> dict[str, Any]:
    """What a page shows, as plain values."""
    subject, done = s.subject, iter(range(10_000))
    total = 4 + grid[0] * grid[1] + len(asked)

    def step() -> None:
        progress(next(done), total)

    with trace() as values:
        answer = subject.call(*subject.operands.values())
    decisions = np.asarray(answer.decisions) if subject.record.call.times else None
    tape = rows.Rows(subject)
    result = tape.output if s.whole is None else large.whole_result(s)
    points = points_of(result, asked, grid)   # raises for a pixel outside, before anything takes long
    step()
    graph = fold.graph_of(subject, decisions)
    levels = fold.levels(graph)
    maps = maps_and_noise(subject, values, levels)
    step()
    told: list[dict[str, Any]] = [{}] * len(points)
    for n, story in _told_by_part(s, points, result) if s.whole else enumerate(
            _told(s, tape, values, p) for p in points):
        told[n] = story
        step()
    del values
    answers = what_ifs(subject.network, lambda: rows.frame_of(subject, subject.call(*subject.operands.values())))
    experiments = [_experiment(w, tape.output) for w in answers]
    step()
    h, w, _ = result.shape
    before = _given(subject)
    return {"title": f"{subject.about['model']} on {subject.about['input']}, frame {s.frame}", "notes": s.notes,
            "network": subject.network, "scale": tape.output.shape[1] // before[0][1].shape[1], "size": [h, w],
            "shrink": -(-max(h, w) // large.SHOWN) if s.whole else 1,
            "parameters": subject.net.parameter_count(), "patch": 2 * PATCH + 1,
            "frames": [{"label": rows.label_of(subject, name), "src": png(x), "size": list(x.shape[:2])}
                       for name, x in before],
            "times": _times(s, result), "after": png(tape.output), "points": told, "levels": levels, "maps": maps,
            "what_ifs": experiments, "shares": list(SHARES), "scales": _scales(s) if subject.record.call.times else []}


def _given(subject: Subject) -> list[tuple[str, np.ndarray]]:
    """The frames that a network is given, with their names."""
    return rows.by_frame({k: x for k, x in subject.operands.items() if x.shape[-1] == 3})


def _told_by_part(s: sight.Sight, points: list[Point], whole: np.ndarray) -> Iterator[tuple[int, dict[str, Any]]]:
    """The stories of points of a large frame, with their numbers, each of a call on a part around it."""
    for part, members in large.by_part(s, points):
        with trace() as values:
            part.subject.call(*part.subject.operands.values())
        tape, given = rows.Rows(part.subject), [frame for _, frame in _given(part.subject)]
        for n in members:
            y, x = (v - s.scale * o for v, o in zip((points[n].y, points[n].x), part.origin))
            told = _told(part, tape, values, points[n]._replace(y=y, x=x))
            yield n, large.moved(told, points[n], part, given, whole)


def _told(s: sight.Sight, tape: rows.Rows, values: Any, point: Point) -> dict[str, Any]:
    """The story of one pixel: its row, the sum of the rows of the patch around it, and what the network says."""
    y, x = point.y, point.x
    one, patch = np.zeros_like(tape.output), np.zeros_like(tape.output)
    one[y, x] = patch[max(y - PATCH, 0):y + PATCH + 1, max(x - PATCH, 0):x + PATCH + 1] = 1 / 3
    return {"y": y, "x": x, "why": point.why, "value": [float(v) for v in tape.output[y, x]],
            "row": _row(tape.of(one)), "sum": _row(tape.of(patch)), "says": says(s.subject, values, y, x)}


def _row(row: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Each frame's part of a row, summed over its colours, cut to where it is largest; `kept`: the share inside."""
    found = []
    for _, part in rows.by_frame(row):
        grey = part.sum(-1)
        size = np.abs(grey)
        top, left = (_best(size.sum(axis), ROW_SIDE) for axis in (1, 0))
        cut = grey[top:top + ROW_SIDE, left:left + ROW_SIDE]
        total = float(size.sum())
        found.append({"top": top, "left": left, "size": list(cut.shape), "sum": float(grey.sum()), "all": total,
                      "kept": float(np.abs(cut).sum() / total) if total else 1.0,
                      "f4": floats(cut)})
    return found


def _best(line: np.ndarray, side: int) -> int:
    """Where the `side` neighbours with the largest sum begin; of equals the middle one, so that it is all around."""
    if len(line) <= side:
        return 0
    sums = np.concatenate([[0], np.cumsum(line, dtype=np.float64)])
    inside = sums[side:] - sums[:-side]
    return int(np.median(np.flatnonzero(inside >= inside.max() - 1e-9 * sums[-1])))


def _experiment(w: WhatIf, right: np.ndarray) -> dict[str, Any]:
    finite = [np.nan_to_num(p, nan=0.0, posinf=1.0, neginf=0.0) for p in w.pictures]
    return {"name": w.name, "says": w.says, "pictures": [jpeg(p) for p in finite],
            "psnr": [_distance(np.clip(p, 0, 1), np.clip(right, 0, 1)) for p in finite]}


def _distance(picture: np.ndarray, right: np.ndarray) -> float | None:
    """In dB; None where nothing differs, which JSON cannot say otherwise."""
    return None if np.array_equal(picture, right) else float(psnr(picture, right))


def _times(s: sight.Sight, output: np.ndarray) -> list[dict[str, Any]]:
    """Frames around the one in question, as given and as the driver of `refvr restore` answers; its own is `output`.

    Of windows that overlap, as those of a denoiser that is told the level, the driver may take another for a frame.
    """
    if s.whole is not None:
        name = f"time {s.subject.options['times'][0]:g}" if s.subject.record.call.times else f"frame {s.frame}"
        return [{"label": name, "now": True, "before": jpeg(large.smaller(s.whole[s.frame])),
                 "after": jpeg(large.smaller(output))}]
    if s.subject.record.call.times:
        return _between(s)
    clip = [s.frames[k] for k in sorted(s.frames)]
    answers = restore_frames(clip, s.subject.net, **sight.driver_options(s))
    restored = dict(zip(sorted(s.frames), answers)) | {s.frame: output}
    return [{"label": f"frame {k}", "now": k == s.frame, "before": png(s.frames[k]), "after": png(restored[k])}
            for k in s.around]


def _between(s: sight.Sight) -> list[dict[str, Any]]:
    """SAFA has times between two frames."""
    given, times, now = s.subject.operands, [0.0, 0.25, 0.5, 0.75, 1.0], s.subject.options["times"][0]
    answer = s.subject.call(*given.values(), times=sorted({*times, now}))
    images = given["image0"], given["image1"]
    return [{"label": f"time {t:g}", "now": t == now, "before": png((1 - t) * images[0][0] + t * images[1][0]),
             "after": png(y)} for t, y in zip(sorted({*times, now}), answer.frames[0])]


def _scales(s: sight.Sight) -> list[dict[str, Any]]:
    """SAFA's chosen scale of each step at each time."""
    from refvr.ops.route import BRANCHES, taken

    times = [k / 8 for k in range(9)]
    answer = s.subject.call(*s.subject.operands.values(), times=times)
    return [{"time": t, "scales": [BRANCHES[taken(d)[0]] for d in decisions]}
            for t, decisions in zip(times, np.asarray(answer.decisions))]
