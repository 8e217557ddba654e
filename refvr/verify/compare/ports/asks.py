"""Which call a program is, where the user does not say: the frame, the size, the noise level, the time and the route.

Our reference is a call of the same kind then, so that a verdict is possible at once:

    state        a program that takes one is a later call of a recurrence: the second frame of a clip has one
    size         of the demo scene, where its size is left open: that which the shapes of the inputs say
    sigma        any level does, for the program is told the same
    time, route  of SAFA, which are constants of its program: what `refvr export` wrote beside the graph

What is said by the user stands. Where the file then says another thing, a note tells.
"""
from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from refvr.nn import Module
from refvr.ops.route import FIXED
from refvr.records import NETWORKS, Network, record_of
from refvr.verify.compare.ports.feeding import LAYOUTS, Wanted
from refvr.verify.runs.input_names import our_name

SIGMA = 25.0   # of 255


class Takes(Protocol):
    """A program, as far as it is looked at here; one of a file may have `said`: words that stand in the file."""

    @property
    def wanted(self) -> list[Wanted]:
        """Its inputs."""


def asked_by(program: Takes, net: Module) -> dict[str, Any]:
    """What a program asks of its reference, for what the user leaves open: keys as those of `subject_of`."""
    record = record_of(net)
    found: dict[str, Any] = {"state": takes_state(record, program.wanted), "sigma": SIGMA}
    size = next((size for want in program.wanted if (size := _size(record, net, want))), None)
    return found | ({} if size is None else {"size": size}) | _constants(record, said_by(program))


def said_by(program: object) -> dict[str, str]:
    """What stands beside the graph of a file, word by word."""
    return dict(getattr(program, "said", {}))


def takes_state(record: Network, wanted: Sequence[Wanted]) -> bool:
    """Whether a program of a recurrent network takes more than pictures."""
    return record.call.state and (len(wanted) > len(record.call.images)
                                  or any(our_name(record.name, want.name) == "state" for want in wanted))


def _size(record: Network, net: Module, want: Wanted) -> tuple[int, int] | None:
    """Width and height of the frames of a clip of which this input is made; None where it does not say."""
    sizes = {"n": 1, "t": getattr(net.config, "frames", 1), "c": 3}
    for layout in LAYOUTS[4 if record.call.images else 5]:
        groups = layout.split()
        if want.shape is None or len(groups) != len(want.shape) or not {"h", "w"} <= set(groups):
            continue
        at = dict(zip(groups, want.shape))
        known = [_product(sizes, group) == size for group, size in at.items() if group not in ("h", "w")]
        if all(known) and at["h"] and at["w"]:
            return at["w"] // record.call.enlarged, at["h"] // record.call.enlarged
    return None


def _product(sizes: Mapping[str, int], group: str) -> int:
    found = 1
    for letter in group:
        found *= sizes[letter]
    return found


def _constants(record: Network, said: Mapping[str, str]) -> dict[str, Any]:
    """Time and route, as far as a file of this network says them."""
    if not record.call.times or said.get("network") != record.name:
        return {}
    found: dict[str, Any] = {}
    try:
        times = json.loads(said.get("times", ""))
        if isinstance(times, list) and len(times) == 1 and 0 <= times[0] <= 1:
            found["time"] = float(times[0])
    except (ValueError, TypeError, RecursionError):
        pass   # somebody else's word
    return found | ({"routing": said["routing"]} if said.get("routing") in FIXED else {})


def other_call(program: Takes, network: str, about: Mapping[str, Any], operands: Mapping[str, object]) -> list[str]:
    """What a user should know where the reference is another call than the program is, or says to be."""
    record, said = NETWORKS.get(network), said_by(program)
    if record is None:
        return []
    notes = []
    if record.call.state and "state" in operands and not takes_state(record, program.wanted):
        notes.append(f"your port takes no state, and frame {about.get('frame')} has one: if it is the call of the "
                     "first frame, take --frame 0")
    if said.get("network") != network:
        return notes
    options = _constants(record, said)
    ours = {name: about[name] for name in options if about.get(name) is not None}
    notes += [f"your file says that it is of {name} {options[name]}, and the reference is of {value}"
              for name, value in ours.items() if value != options[name]]
    if about.get("digest") and said.get("weights") and said["weights"] != about["digest"]:
        notes.append(f"your file says that it was made from weights {said['weights']} of {said.get('model')}; those of "
                     f"the reference are {about['digest']}: are they meant to differ?")
    return notes
