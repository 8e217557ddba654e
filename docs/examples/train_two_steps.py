"""Two steps of training by hand: forward on the tape, backward, Adam."""
import numpy as np

from refvr import backward, ops, zoo
from refvr.scene import Scene, render
from refvr.train.optim import Adam

rng = np.random.default_rng(0)
net = zoo.build("remonet-s", widths=(8, 16, 24), state=8, fusion_widths=(8, 16, 24)).init(rng)
clean = np.stack([render(Scene(), 48, 32, k / 24) for k in range(5)])[None]      # (1, 5, 32, 48, 3)
noisy = (clean + rng.normal(0, 0.1, clean.shape)).astype(np.float32)
optimiser, losses = Adam(lr=1e-3), []
for step in range(3):
    parameters = net.train().watch()                                             # name -> Tensor
    loss = ops.mse_loss(net(noisy), clean)
    losses.append(float(loss.data))
    print(f"after {step} steps: loss {losses[-1]:.5f}")
    if step < 2:
        backward(loss)
        gradients = {name: tensor.grad for name, tensor in parameters.items()}
        net.unwatch()
        optimiser.step(net.parameters(), gradients)
assert losses[2] < losses[0]
