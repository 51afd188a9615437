"""Where a claim is tested by default: in NumPy, and compiled to C++ standalone; Cython, whose
modules take longest to compile, with ``-m model``.
"""

import pytest

TARGETS = (
    "numpy",
    pytest.param("cython", marks=[pytest.mark.compiled, pytest.mark.model]),
    pytest.param("cpp_standalone", marks=pytest.mark.compiled),
)
