"""What a search found, in words: what equals the numbers, what comes near, and where nothing does what is certain."""
import json

import pytest

from refvr.verify.diagnose.diagnosis import NAMES, Diagnosis, Explanation, closest, simplest


def found(*mistakes, fits=True, share=1.0, difference=1e-7):
    return Explanation(mistakes, " and ".join(mistakes), difference, fits, share)


def lines(**more):
    return list(Diagnosis("conv1", **{"agrees": False, "difference": 0.5, "tolerance": 1e-6, **more}).lines())


def test_one_mistake_is_simpler_than_two_and_what_does_not_fit_is_none():
    one, other, both = found("a"), found("b"), found("a", "b")
    assert simplest([both, one, found("c", fits=False), other]) == [one, other]
    assert simplest([both]) == [both] and simplest([found("c", fits=False)]) == simplest([]) == []


def test_hints_are_named_once_and_the_plain_one_first():
    one = Explanation(("permuted",), "other channels", 0.07, False, 0.954)
    more = [Explanation((name, "permuted"), "float16 and other channels", 0.07, False, 0.9541)
            for name in ("through_float16", "conv2d.result_in_float16")]
    worth = Explanation(("scaled", "permuted"), "a factor and other channels", 0.01, False, 0.99)
    assert closest([*more, one, worth], []) == [worth, one]
    assert len(closest(more, [])) == 1
    text = list(Diagnosis("layer", False, 1.0, 1e-6, tried=2, closest=[one]).lines())
    assert any("closest: off by 0.07 of the peak with other channels" in line for line in text)


def test_only_the_nearest_three_of_those_that_explain_nine_tenths():
    near = [found(name, fits=False, share=share) for name, share in zip("abcde", (0.91, 0.95, 0.89, 0.93, 0.92))]
    assert [e.mistakes[0] for e in closest(near, [])] == ["b", "d", "e"]
    assert [e.mistakes[0] for e in closest(near, [near[1]])] == ["d", "e", "a"]
    assert closest([found("a", share=0.99, difference=float("inf"))], []) == []


def test_what_agrees_and_names_that_are_wrong_need_few_words():
    assert lines(agrees=True, difference=2e-7) == [
        "conv1: equals the reference to 2.0e-07 (float32 rounding allows 1.0e-06): nothing to diagnose"]
    assert [line.partition(":")[0] for line in lines(mispaired=["your a is not our b"])] == ["paired wrongly", "conv1"]


def test_explanations_that_cannot_be_told_apart_stand_side_by_side():
    said = lines(explained=[found("a"), found("b", "c")], note="mind this", unseen=["d"])
    assert said == ["conv1: differs from the reference by 0.5 of its peak; float32 rounding explains 1.0e-06",
                    "  mind this", "equals the reference with a, to 1.0e-07   [a]",
                    "  or, the same numbers here, with b and c, to 1.0e-07   [b + c]"]


@pytest.mark.parametrize("complete, more", [(True, ""), (False, "; not all, --seconds was too short")])
def test_where_nothing_fits_it_is_said_what_was_tried_and_what_is_certain(complete, more):
    said = lines(tried=3, kinds=["order", "place"], complete=complete, certain="it is here")
    assert said[1:] == [f"not explained: 3 candidates were tried (order, place){more}", "  certain: it is here",
                        "  none of them explains nine tenths of the squared difference"]
    assert lines(difference=float("inf"))[0].startswith("conv1: cannot be compared with the reference")
    assert lines()[1:] == ["not explained: nothing was tried"] and lines(settled="fewer digits")[1:] == ["fewer digits"]


def test_mistakes_that_make_no_difference_are_named_once_and_not_all():
    names = [f"conv2d.m{k}" for k in range(NAMES + 2)]
    said = lines(tried=1, unseen=[names[0], f"{names[0]}#3", *names[1:]])[-1]
    assert said.startswith("  make no difference with these inputs: conv2d.m0, conv2d.m1, ")
    assert said.endswith(f"conv2d.m{NAMES - 1} and 2 more (--json has all)")
    assert lines(tried=1, unseen=names[:2])[-1].endswith(": conv2d.m0, conv2d.m1")


def test_as_plain_values():
    answer = Diagnosis("conv1", False, 0.5, 1e-6, [found("a")])
    assert json.loads(json.dumps(answer.as_dict()))["explained"][0]["mistakes"] == ["a"]
