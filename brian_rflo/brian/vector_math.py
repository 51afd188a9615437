"""Vector versions of tanh and exp in C++ standalone.

The GNU C library has them (libmvec), eight numbers at a time where the processor can. Brian2 keeps
NaN and infinity alive (``-fno-finite-math-only``), and with that the compiler no longer finds them;
declaring the functions once more brings them back. Measured, they err by at most 1.4 (tanh) and 3.1
(exp) units in the last place. Only networks that learn use them: other simulations of the same
script keep the numbers they had.
"""

from weakref import WeakSet

from brian2 import DEFAULT_FUNCTIONS, prefs

from .borrowed import CPPStandaloneCodeObject

DECLARATIONS = """
#if defined(__x86_64__) && defined(__GNUC__) && defined(__GLIBC__) && !defined(__clang__)
#if __GLIBC_PREREQ(2, {glibc})
extern "C"
{{
    __attribute__((__simd__("notinbranch"))) double {name}(double) noexcept;
    __attribute__((__simd__("notinbranch"))) float {name}f(float) noexcept;
}}
#endif
#endif
"""

#: The functions, and the version 2.x of the GNU C library that brought their vector form.
FUNCTIONS = {"tanh": 35, "exp": 22}

groups = WeakSet()


def use_for(*members):
    """Use the vector functions in the code of these groups."""
    groups.update(members)


def declarations(name):
    """Return a function that gives the C++ declarations of `name` for the code of a group, or
    nothing.
    """

    def code(owner):
        is_learning = any(group.variables is owner.variables for group in groups)
        return {
            "hashdefine_code": (
                DECLARATIONS.format(name=name, glibc=FUNCTIONS[name])
                if is_learning and prefs["brian_rflo.vector_math"]
                else ""
            )
        }

    return code


for name in FUNCTIONS:
    DEFAULT_FUNCTIONS[name].implementations.add_dynamic_implementation(
        CPPStandaloneCodeObject, declarations(name), namespace=lambda owner: None, name=name
    )
