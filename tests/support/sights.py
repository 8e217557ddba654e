"""What `refvr explain` looks at, small."""
import numpy as np

from refvr.explain.sight import Sight
from refvr.verify.runs.inputs import call_of, operands_on
from refvr.verify.runs.network_call import Subject, make_net


def sight(model="edvr-s-x4", network="edvr", size=(16, 20), count=4, frame=1):
    rng = np.random.default_rng(1)
    frames = {k: rng.random((*size, 3), dtype=np.float32) for k in range(count)}
    net = make_net(model)
    options, results = call_of(network, 0.5)
    about = {"model": model, "input": "drawn", "frame": frame, "sigma": 25.0, "time": 0.5}
    subject = Subject(network, net, operands_on(net, frames, frame, 25.0), options, results, about)
    return Sight(subject, frames, frame, 4, ["made by a test"])
