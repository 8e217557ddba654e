"""Operations: one file each, with formula, plain definition, fast kernel and adjoint. All work on arrays and Tensors."""
from refvr.ops._operation import backend, current_backend
from refvr.ops._threads import set_threads, thread_count, threads

__all__ = ["backend", "current_backend", "set_threads", "thread_count", "threads"]
