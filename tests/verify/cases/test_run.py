"""Verify: every case in tests/golden passes in both precisions on both backends, and what is wrong is found."""
import json
from contextlib import suppress
from itertools import product

import h5py
import numpy as np
import pytest
from places import GOLDEN, SHARED

from refvr.cli.main import main
from refvr.errors import InputError
from refvr.precision_names import MODES
from refvr.verify import load_case, verify_case, verify_files
from refvr.verify.cases.families import OPERATIONS, families
from refvr.verify.cases.run import BACKENDS, DTYPES, find_cases
from refvr.verify.cases.tolerance import FACTOR, tolerance

CASES = sorted(GOLDEN.glob("*.h5"))
ALL = SHARED / "golden"  # the full set, where it lies beside the repository
SMALL = GOLDEN / "op_conv2d_k1s2.h5"
WINOGRAD = [GOLDEN / f"{name}.h5"
            for name in ("edvr_tiny_a", "fastdvdnet_b", "remonet_seq_b", "safa_c", "stfan_seed_a")]


def runs():
    """Every case on both backends in both precisions; three steps of training on the plain one take a while."""
    for path, backend, dtype in product(CASES, BACKENDS, DTYPES):
        slow = path.stem == "remonet_train_a" and (backend, dtype) == ("plain", "float32")
        yield pytest.param(path, backend, dtype, id=f"{path.stem}-{backend}-{dtype}",
                           marks=pytest.mark.long if slow else ())


@pytest.mark.parametrize("path, backend, dtype", list(runs()))
def test_case(path, backend, dtype):
    report = verify_case(path, backend=backend, dtype=dtype)
    assert report.passed, "\n".join(f"{o.name}: {o.problem or o.difference} allowed {o.tolerance} = {o.origin}"
                                    for o in report.outputs if not o.passed)
    with h5py.File(path) as file:  # every output and every intermediate value of the file was checked
        stored = {(group, name) for group in ("outputs", "trace") for name in file.get(group, ())}
    assert {(output.group, output.name) for output in report.outputs} == stored
    runs = {"silent", "traced"} if backend == "fast" else {"traced"}
    found = {(output.run, output.name) for output in report.outputs if output.group == "outputs"}
    assert found == {(run, name) for run in (runs if families()[report.family].network else {""})
                     for group, name in stored if group == "outputs"}


@pytest.mark.parametrize("name, broken", [
    ("fastdvdnet_b", False), ("fastdvdnet_b", True), ("duf_16L_x2_a", False), ("remonet_seq_b", False)])
def test_a_fault_of_one_executor_is_found(monkeypatch, name, broken):
    """The run that nobody listens to goes by the plan, the traced one by the page; `broken`: the page."""
    from refvr.nn.module import Module
    from refvr.nn.trace import listening
    from refvr.plan.graph import mapped
    from refvr.plan.run import Order

    def off(called, wrong):
        def run(*args, **options):
            y = called(*args, **options)
            return mapped(y, lambda x: x * x.dtype.type(1.001) if wrong() and isinstance(x, np.ndarray) else x)

        return run

    for owner, part in [(Module, "__call__")] if broken else [(Order, "run")]:
        monkeypatch.setattr(owner, part, off(getattr(owner, part), listening if broken else lambda: True))
    failed = {row.run for row in verify_case(GOLDEN / f"{name}.h5").outputs if not row.passed}
    assert failed == {"traced" if broken else "silent"}


def test_every_family_has_a_case_here():
    assert {load_case(path).family for path in CASES} == set(families())


@pytest.mark.long
@pytest.mark.skipif(not ALL.is_dir(), reason="the full set of cases is not beside the repository")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_all_cases(backend, dtype):
    known = [path for path in sorted(ALL.glob("*.h5")) if load_case(path).family in families()]
    reports = list(verify_files(known, [backend], [dtype], MODES))
    assert len(reports) >= len(CASES)
    assert not [(report.path, report.worst, report.error) for report in reports if not report.passed]


def test_precisions_are_run_where_they_differ():
    runs = [(r.backend, r.dtype, r.precision) for r in verify_files([SMALL], BACKENDS, DTYPES, MODES)]
    assert runs == [("fast", "float32", "winograd"), ("fast", "float32", "direct"), ("fast", "float64", "direct"),
                    ("plain", "float32", "direct"), ("plain", "float64", "direct")]
    with pytest.raises(InputError, match="half"):
        verify_case(SMALL, precision="half")


@pytest.mark.parametrize("path", WINOGRAD, ids=lambda path: path.stem)
def test_networks_pass_in_both_precisions_and_these_differ(path):
    fast, exact = verify_files([path], precisions=MODES)
    assert fast.passed and exact.passed
    assert [o.difference for o in fast.outputs] != [o.difference for o in exact.outputs]


def change(path, group, name, function):
    with h5py.File(path, "a") as file:
        value = function(file[group][name][()])
        del file[group][name]
        file[group][name] = value


def failures(report):
    return {output.name: output.problem for output in report.outputs if not output.passed}


def test_an_answer_off_by_more_than_noise_fails(case):
    allowed = next(o.tolerance for o in verify_case(case).outputs if o.name == "y")

    def off(y):
        y[0, 1, 2, 3] += 1.5 * allowed
        return y
    change(case, "outputs64", "y", off)
    change(case, "outputs", "y", off)
    report = verify_case(case)
    assert failures(report) == {"y": ""}
    (y,) = [o for o in report.outputs if o.name == "y"]
    assert y.difference.worst == (0, 1, 2, 3) and 0.5 < y.difference.used < 2.6


def test_float64_tells_apart_what_float32_cannot(case):
    change(case, "outputs64", "y", lambda y: y * (1 + 1e-9))
    assert verify_case(case, dtype="float32").passed
    assert failures(verify_case(case, dtype="float64")) == {"y": ""}


def test_nothing_is_skipped_silently(case):
    change(case, "outputs", "y", lambda y: y)
    with h5py.File(case, "a") as file:
        file["outputs/z"] = np.zeros(3)
        del file["outputs/dx"]
    problems = failures(verify_case(case))
    assert "not computed" in problems["z"] and "not in the file" in problems["dx"] and set(problems) == {"z", "dx"}


def test_a_case_that_contradicts_itself_allows_nothing(case):
    change(case, "outputs64", "dbias", lambda x: -x)
    report = verify_case(case)
    assert set(failures(report)) == {"dbias"}
    assert "leaves nothing to judge by" in next(o.origin for o in report.outputs if not o.passed)


def test_nan_and_shapes_fail(case):
    change(case, "outputs64", "dbias", lambda x: x * np.nan)
    change(case, "outputs", "dx", lambda x: x[:, :, :-1])
    report = verify_case(case)
    assert set(failures(report)) == {"dbias", "dx"} and "shape" in failures(report)["dx"]
    json.loads(json.dumps(report.as_dict(), allow_nan=False))


@pytest.mark.parametrize("spoil, what", [
    (lambda file: file.attrs.pop("meta"), "no attribute 'meta'"),
    (lambda file: file.attrs.__setitem__("meta", "{"), "not JSON"),
    (lambda file: file.attrs.__setitem__("meta", "[]"), "names no family"),
    (lambda file: file.attrs.__setitem__("meta", '{"family": "op.conv2d", "sampling": {"y": 8}}'), "the like of"),
    (lambda file: file.attrs.__setitem__("meta", '{"family": "op.conv2d", "sampling": 8}'), "names and values"),
    (lambda file: file.attrs.__setitem__("meta", '{"family": "op.conv2d", "config": 3}'), "config"),
    (lambda file: file.attrs.__setitem__("meta", '{"family": "op.fold"}'), "unknown family 'op.fold', expected one of"),
    (lambda file: file.attrs.__setitem__("meta", '{"family": "op.conv2d", "config": {"stride": "x"}}'), "stride"),
    (lambda file: file.pop("outputs"), "no group 'outputs'"),
    (lambda file: file.pop("inputs"), "no group 'inputs'"),
    (lambda file: file["inputs"].pop("weight"), "no input 'weight'"),
    (lambda file: file["outputs"].create_group("more"), "outputs/more is not an array"),
    (lambda file: file["outputs"].__setitem__("away", h5py.ExternalLink("other.h5", "/x")), "outputs/away is not an"),
    (lambda file: file["outputs"].__setitem__("text", "abc"), "expected numbers"),
])
def test_unusable_files_are_named(case, spoil, what):
    with h5py.File(case, "a") as file:
        spoil(file)
    (report,) = verify_files([case])
    assert what in report.error and str(case) in report.error and not report.passed
    with pytest.raises(InputError):
        verify_case(case)


@pytest.mark.parametrize("row, what", [
    ({"crc": 1}, "drawn differently"),
    ({"kind": "magic"}, "unknown kind 'magic'"),
    ({"kind": "const:x"}, "unknown kind"),
    ({"shape": [1 << 20, 1 << 20]}, "shape"),
    ({"shape": [-1]}, "shape"),
    ({"fan_in": 0}, "fan_in 0"),
    ({"shape": "x"}, "not usable"),
])
def test_weight_tables_are_checked(tmp_path, row, what):
    path = tmp_path / "case.h5"
    with h5py.File(GOLDEN / "remonet_t7_a.h5") as old, h5py.File(path, "w") as new:
        rows = json.loads(old["table"][()])
        new.attrs["meta"], new["table"] = old.attrs["meta"], json.dumps([{**rows[0], **row}, *rows[1:]])
        for group in ("inputs", "outputs"):
            old.copy(group, new)
    with pytest.raises(InputError, match=what):
        load_case(path)


def test_no_byte_of_a_broken_file_escapes_as_a_traceback(tmp_path):
    whole = SMALL.read_bytes()
    rng, path = np.random.default_rng(1), tmp_path / "broken.h5"
    for trial in range(60):
        broken = bytearray(whole[:rng.integers(len(whole))] if trial % 3 == 0 else whole)
        for place in rng.integers(0, max(1, len(broken)), 20) if trial % 3 else ():
            broken[place] = rng.integers(256)
        path.write_bytes(broken)
        with suppress(InputError):
            load_case(path)


def test_drawn_weights():
    path = GOLDEN / "fastdvdnet_b.h5"
    with h5py.File(path) as file:
        fan_in = {row["name"]: row["fan_in"] for row in json.loads(file["table"][()])}
    state, name = load_case(path).state, "temp1.downc1.convblock.3.convblock.0.weight"
    assert state["temp1.inc.convblock.1.num_batches_tracked"].dtype == np.int64
    assert state["temp1.inc.convblock.1.running_var"].min() >= 0.5
    assert abs(state[name].std() * np.sqrt(fan_in[name]) - 1) < 5 / np.sqrt(2 * state[name].size)  # 5 sigma


def test_tolerance_is_the_noise_of_the_original():
    case, family = load_case(SMALL), OPERATIONS["op.conv2d"]
    peak = np.abs(case.outputs64["y"]).max()
    noise = max(np.abs(case.outputs["y"] - case.outputs64["y"]).max(), peak * np.finfo(np.float32).eps)
    in32, in64 = (tolerance(case, family, "outputs", "y", np.dtype(dtype), {}) for dtype in DTYPES)
    assert in32.value == pytest.approx(FACTOR * noise) and "float32" in in32.origin
    assert in64.value == pytest.approx(2 * FACTOR * noise * 2.0**-29) and "eps64/eps32" in in64.origin


def test_command_line(case, tmp_path, capsys):
    assert main(["verify", str(case), "--backend", "both", "--dtype", "both"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("pass  y") == 4 and "4 of 4 runs passed" in shown and "[1] 4 x" in shown
    assert main(["verify", str(case), "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["passed"] and {row["name"] for row in report["outputs"]} == {"y", "dx", "dweight", "dbias"}
    change(case, "outputs64", "dbias", lambda x: -x)
    change(case, "outputs", "dbias", lambda x: -x)
    assert main(["verify", str(tmp_path), "--brief"]) == 1
    shown = capsys.readouterr().out
    assert "FAIL  dbias" in shown and "pass  dx" not in shown
    text = tmp_path / "text.h5"
    text.write_text("not a case")
    assert main(["verify", str(text), str(SMALL)]) == 2
    shown = capsys.readouterr()
    assert len(shown.err.splitlines()) == 1 and str(text) in shown.err and "1 of 2 runs passed" in shown.out


def test_find_cases(tmp_path):
    for name in "ba":
        (tmp_path / f"{name}.h5").touch()
    both = [tmp_path / "a.h5", tmp_path / "b.h5"]
    assert find_cases([str(tmp_path)]) == find_cases([str(tmp_path / "*.h5")]) == both
    assert find_cases([str(tmp_path / "b.h5"), str(tmp_path)]) == both[::-1]
    with pytest.raises(InputError, match="no case here"):
        find_cases([str(tmp_path / "c.h5")])
    with pytest.raises(InputError, match="float16"):
        verify_case(SMALL, dtype="float16")
