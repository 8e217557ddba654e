"""The bands of a group: every row once and in order, read while it is there, let go as soon as nothing reads it."""
from collections import defaultdict
from math import ceil

import pytest
from network_pages import STEPS, conv, drawn

from refvr import ops
from refvr.plan import Like, capture
from refvr.plan.front import Front
from refvr.plan.graph import Node
from refvr.plan.rows import needed
from refvr.plan.schedule import Schedule
from refvr.plan.stream import Stream


def joined(x):
    """Values that look far and near, of three heights, and a sum that waits for both."""
    y = conv(5, 8)(x)
    half = conv(3, 8, stride=2)(y)
    return ops.pixel_shuffle(ops.concat(*[conv(3)(ops.relu(half))] * 4), 2) + y


def sampled(x):
    """A map that is wanted whole, in the midst."""
    y = conv(3)(x)
    return conv(3)(ops.warp(y, ops.concat(y[..., :1], y[..., 1:2]))) + y


PAGES = {"joined": joined, "sampled": sampled, "mean": STEPS["mean"], "transposed": STEPS["transposed 4"],
         "half": STEPS["half"], "no padding": STEPS["conv without padding"]}


def schedule(name, h, rows):
    return Schedule(capture(PAGES[name], Like((1, h, 8, 16))), rows)


def finished(made, value, done):
    """Whether all of a value is there."""
    axis = made.rules.axis[value]
    return done[value] == (1 if axis is None else value.shape[axis])


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("h, rows", [(8, 8), (24, 4), (70, 16), (70, 1)])
def test_every_row_is_computed_once_from_rows_that_are_there(name, h, rows):
    made = schedule(name, h, rows)
    done, gone = defaultdict(int, {x: made.rules.height(x) for x in made.graph.inputs}), defaultdict(int)
    for step in made.steps:
        bands = made.rules.bands.get(step.node)
        assert step.start == done[step.node] < step.stop
        assert bands is None or step.stop % bands.tile == 0 or step.stop == made.rules.height(step.node)
        for k, (value, part, (above, below)) in enumerate(zip(step.node.operands, step.parts, step.outside)):
            if bands is None or bands.reach[k] is None:
                assert part is None and above == below == 0
                assert not isinstance(value, Node) or finished(made, value, done)
                continue
            height = value.shape[bands.reach[k].axis]
            assert (part[0] - above, part[1] + below) == needed(bands.reach[k], step.start, step.stop)
            assert gone[value] <= part[0] < part[1] <= done[value] <= height
            assert part[0] * above == (height - part[1]) * below == 0
        done[step.node] = step.stop
        gone.update({value: row for value, row in step.release if row is not None})
    assert all(finished(made, node, done) for node in made.graph.outputs)


@pytest.mark.parametrize("name", PAGES)
def test_rows_go_with_the_step_after_which_nothing_reads_them(name):
    """Told from all steps that follow, which a front does not look at."""
    made = schedule(name, 70, 4)
    kept = {*made.graph.inputs, *made.graph.outputs}
    for at, step in enumerate(made.steps):
        told = dict(step.release)
        for value in step.node.inputs:
            reads = [part[0] if part else 0 for later in made.steps[at + 1:]
                     for x, part in zip(later.node.operands, later.parts) if x is value]
            if value in kept:
                assert value not in told
            elif not reads:
                assert told[value] is None
            elif value in made.whole:
                assert value not in told
            else:
                assert told[value] == min(reads)


@pytest.mark.parametrize("name", PAGES)
def test_bands_from_number_one_on_bring_rows_of_what_the_group_ends_in(name):
    """Those before bring rows above them; each brings the rows that were asked for, the last one what is left."""
    made = schedule(name, 70, 4)
    front = Front(made)
    for group in made.groups:
        ends = [node for node in group if node in made.whole and node in made.rules.bands]
        for steps in front.bands(group):
            number = front.band - 1
            found = {step.node: step for step in steps}
            for node in ends:
                height, tile = made.rules.height(node), made.rules.bands[node].tile
                assert (node in found) <= (number > 0)
                wanted = height if number == front.count else ceil(front.share[node] * max(0, number))
                assert front.done[node] == min(height, -(-wanted // tile) * tile)
        for node in ends:
            assert front.count >= -(-made.rules.height(node) // 4) and front.share[node] <= 4
            assert front.done[node] == made.rules.height(node)


def test_bands_that_are_like_others_may_be_passed_over():
    """The rest is as if they had been gone through."""
    made = schedule("joined", 200, 4)
    (group,) = made.groups
    every = list(Front(made).bands(group))
    first, over = len(every) // 2, 6
    grown = defaultdict(int)
    for steps in every[first:first + over]:
        for step in steps:
            grown[step.node] += step.stop - step.start
    front, found = Front(made), []
    for steps in front.bands(group):
        found.append(steps)
        if len(found) == first:
            front.pass_over(over, grown)
    assert found == every[:first] + every[first + over:]


def test_what_has_no_rule_for_rows_is_one_step():
    made = Schedule(capture(lambda x: ops.mean(x, axis=(1, 2)), Like((3, 6, 5, 4))), 2)
    ((step,),) = Front(made).bands(made.groups[0])
    assert (step.start, step.stop, step.parts, step.outside, step.release) == (0, 1, (None,), ((0, 0),), ())


def test_the_first_band_of_a_deep_page_is_no_higher_than_the_others():
    def page(x):
        for _ in range(12):
            x = ops.conv2d(x, drawn(3, 3, 4, 4))
        return x

    stream = Stream(capture(page, Like((1, 256, 16, 4))), 8)
    assert max(step.stop - step.start for step in stream.steps) <= 12
