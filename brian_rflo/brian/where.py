"""Element-wise selection in Brian2's code, without arithmetic: NaN in the unused branch does not
propagate.
"""

import numpy as np
from brian2 import Function

#: ``where(condition, a, b)``: a where the condition holds, else b. NaN in the other one does not
#: propagate, as it would in a product with zero.
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
