"""Set before NumPy is imported: one BLAS thread. Plain definitions call small matrix products by the thousand, whose
threads wait actively for each other; beside other programs that takes a hundred times as long.
"""
import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
