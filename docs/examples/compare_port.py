"""Which layer of a port is wrong: the port keeps its values by name, they are compared with ours."""
import refvr
from refvr.verify.mistakes import MISTAKES
from refvr.verify.runs.planted import planted

net = refvr.load("edvr-s-x4")


def port(x):
    """Yours, in any framework: here our own network with one of the classic mistakes in it."""
    with planted(MISTAKES["pixel_shuffle.order_of_the_other_framework"]), refvr.trace() as values:
        y = net(x)
    for name, value in values.items():
        refvr.keep(name, value)          # under our names or those of the authors' code
    return y


report = refvr.compare("edvr-s-x4", port, source="scene:32x24", frame=1)
print(report)
print(f"{report.guilty.after} is right, {report.guilty.name} does not follow from it: between them lies the shuffle")
assert (report.guilty.after, report.guilty.name) == ("upconv1", "upconv2")
