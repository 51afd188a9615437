"""Vector versions of tanh and exp in C++ standalone.

The GNU C library has them (libmvec), eight numbers at a time where the processor can. Brian2 keeps
NaN and infinity alive (``-fno-finite-math-only``), and with that the compiler no longer finds them;
declaring the functions once more brings them back. Measured, they err by at most 1.4 (tanh) and 3.1
(exp) units in the last place. Only networks that learn use them: other simulations of the same
script keep the numbers they had.
"""

import re
from contextlib import suppress
from weakref import WeakSet

from brian2 import prefs

#: Where Brian2 puts declarations of its own in the file of a code object.
MARK = "////// HASH DEFINES ///////\n"
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


def declare(device, folder):
    """Add the declarations to the code of these groups in the program that a device has written."""
    if not prefs["brian_rflo.vector_math"]:
        return
    learning = [group.variables for group in groups]
    for code in device.code_objects.values():
        if any(variables_of(code) is variables for variables in learning):
            path = folder / "code_objects" / f"{code.name}.cpp"
            text = path.read_text()
            path.write_text(text.replace(MARK, MARK + declarations(text), 1))


def variables_of(code):
    """Return the variables of the group of a code object; None if there is none any more."""
    with suppress(AttributeError, ReferenceError):
        return code.owner.variables


def declarations(text):
    """Return the declarations of the functions that the file of a code object calls."""
    return "".join(
        DECLARATIONS.format(name=name, glibc=glibc)
        for name, glibc in FUNCTIONS.items()
        if re.search(rf"\b{name}f?\b", text)
    )
