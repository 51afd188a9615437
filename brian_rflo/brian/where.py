"""A choice between two values in Brian2's code, whatever the other value is."""

import numpy as np
from brian2 import Function

#: ``where(condition, a, b)``: a where the condition holds, else b, whatever the other one is (NaN
#: times zero is NaN).
where = Function(
    np.where,
    arg_units=[bool, "a", "b"],
    arg_names=["condition", "a", "b"],
    return_type="float",
    return_unit=lambda condition, a, b: a,
)
where.implementations.add_implementation("numpy", np.where)
where.implementations.add_implementation(
    "cpp",
    """
    template <typename A, typename B>
    static inline auto _where(const bool condition, const A a, const B b) -> decltype(a + b)
    {
        return condition ? a : b;
    }
    """,
    name="_where",
)
where.implementations.add_implementation(
    "cython",
    """
    cdef double _where(bint condition, double a, double b):
        return a if condition else b
    """,
    name="_where",
)
