"""Operations: one file each, with formula, plain definition, fast kernel and adjoint. All take arrays and Tensors."""
from refvr.ops._operation import backend, current_backend
from refvr.ops._threads import set_threads, thread_count, threads
from refvr.ops.conv2d import conv2d

__all__ = ["backend", "conv2d", "current_backend", "set_threads", "thread_count", "threads"]
