"""Where a claim is tested: by default in NumPy, and compiled to C++ standalone; on Cython, whose
modules take longest to compile, with ``-m model``.
"""

import pytest

COMPILED = pytest.mark.compiled
LONG = [pytest.mark.compiled, pytest.mark.model]
TARGETS = (
    "numpy",
    pytest.param("cython", marks=LONG),
    pytest.param("cpp_standalone", marks=COMPILED),
)
#: For what is compiled to C++ by default in a test beside it.
NUMPY_FIRST = ("numpy", *(pytest.param(name, marks=LONG) for name in ("cython", "cpp_standalone")))


def compiled_for(cases, chosen):
    """Return all pairs of case and target; by default all cases are tested in NumPy, and those
    chosen by their names in C++ standalone.
    """
    return [
        pytest.param(case, target, id=f"{name}-{target}", marks=marks)
        for name, case in cases.items()
        for target, marks in (
            ("numpy", []),
            ("cython", LONG),
            ("cpp_standalone", COMPILED if name in chosen else LONG),
        )
    ]
