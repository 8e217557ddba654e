"""What a size will take before it runs: schedule, memory, time; and the graph it is laid out from."""
from refvr import zoo
from refvr.pipeline.forecast import forecast
from refvr.plan import Like, capture

for width, height in ((640, 360), (1280, 720), (3840, 2160)):
    found = forecast(zoo.build("remonet-s"), height, width, "4G")
    print(f"{width}x{height}: about {found.peak / 1e9:.2f} GB, {found.gmacs:.0f} * 10^9 multiply-adds and about "
          f"{found.seconds:.1f} s a frame; {', '.join(stage.schedule for stage in found.stages)}")
    assert found.peak < 4 * 1024 ** 3

graph = capture(zoo.build("remonet-s"), Like((1, 5, 360, 640, 3)))
widest = max(graph.nodes, key=lambda node: node.nbytes)
print(f"{len(graph.nodes)} values; the largest, {widest.nbytes / 1e6:.0f} MB, is made at {widest.line}")
