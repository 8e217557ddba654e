"""FastDVDnet as functions over a state dict of official names, for any framework: how a port in JAX or MLX looks.

`conv(x, w, stride, groups)` and the like come from a row of FRAMEWORKS; images are channels last there, kernels as the
framework takes them. Every layer is kept by its official name.
"""
import numpy as np

import refvr

EPS = 1e-5


def jax_ops():
    import jax
    import jax.numpy as jnp

    def conv(x, w, stride, groups):
        return jax.lax.conv_general_dilated(x, w, (stride, stride), [(1, 1), (1, 1)], feature_group_count=groups,
                                            dimension_numbers=("NHWC", "OIHW", "NHWC"),
                                            precision=jax.lax.Precision.HIGHEST)

    return jnp.asarray, conv, lambda x: jnp.maximum(x, 0), jnp.concatenate, jnp.sqrt


def mlx_ops():
    import mlx.core as mx

    def conv(x, w, stride, groups):
        return mx.conv2d(x, mx.transpose(w, (0, 2, 3, 1)), stride, 1, groups=groups)

    return mx.array, conv, lambda x: mx.maximum(x, 0), mx.concatenate, mx.sqrt


FRAMEWORKS = {"jax": jax_ops, "mlx": mlx_ops}


def fastdvdnet(framework, state, wrong=False):
    """A function (x, noise_map), channels last; wrong: a batch norm forgets its shift."""
    array, conv, relu, concatenate, sqrt = FRAMEWORKS[framework]()
    p = {name: array(np.asarray(value)) for name, value in state.items() if np.asarray(value).dtype.kind == "f"}

    def conv_norm(name, k, x, stride=1, groups=1):
        x = refvr.keep(f"{name}.{k}", conv(x, p[f"{name}.{k}.weight"], stride, groups))
        n = f"{name}.{k + 1}"
        shift = 0 * p[f"{n}.bias"] if wrong and n == "temp2.downc1.convblock.1" else p[f"{n}.bias"]
        x = (x - p[f"{n}.running_mean"]) / sqrt(p[f"{n}.running_var"] + EPS) * p[f"{n}.weight"] + shift
        return relu(refvr.keep(n, x))

    def pair(name, x):
        return conv_norm(f"{name}.convblock", 3, conv_norm(f"{name}.convblock", 0, x))

    def down(name, x):
        return pair(f"{name}.convblock.3", conv_norm(f"{name}.convblock", 0, x, 2))

    def up(name, x):
        x = pair(f"{name}.convblock.0", x)
        x = refvr.keep(f"{name}.convblock.1", conv(x, p[f"{name}.convblock.1.weight"], 1, 1))
        n, h, w, c = x.shape
        x = x.reshape(n, h, w, c // 4, 2, 2).transpose(0, 1, 4, 2, 5, 3)
        return x.reshape(n, 2 * h, 2 * w, c // 4)

    def block(name, a, b, c, noise_map):
        x = concatenate((a, noise_map, b, noise_map, c, noise_map), -1)
        x0 = conv_norm(f"{name}.inc.convblock", 3, conv_norm(f"{name}.inc.convblock", 0, x, groups=3))
        x1 = down(f"{name}.downc0", x0)
        u1 = up(f"{name}.upc1", x1 + up(f"{name}.upc2", down(f"{name}.downc1", x1)))
        last = conv_norm(f"{name}.outc.convblock", 0, x0 + u1)
        return b - refvr.keep(f"{name}.outc.convblock.3", conv(last, p[f"{name}.outc.convblock.3.weight"], 1, 1))

    def port(x, noise_map):
        x, noise_map = array(x), array(noise_map)
        middle = [block("temp1", x[:, k], x[:, k + 1], x[:, k + 2], noise_map) for k in range(3)]
        return block("temp2", *middle, noise_map)

    return port
