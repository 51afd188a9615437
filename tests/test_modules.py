"""Cython modules compiled side by side: the same numbers, nothing left behind, and an error where
one does not compile.
"""

import numpy as np
import pytest
from brian2 import Function, Network, NeuronGroup, ms, prefs
from brian2.codegen.runtime.cython_rt.cython_rt import CythonCodeObject
from brian2.codegen.runtime.cython_rt.extension_manager import cython_extension_manager as manager
from brian2.core.base import BrianObjectException

from brian_rflo import RFLO, PlasticSynapses, RateNeurons
from brian_rflo.brian import modules

pytestmark = pytest.mark.compiled


@pytest.fixture
def empty(tmp_path):
    """A cache folder without modules."""
    before = prefs.codegen.runtime.cython.cache_dir
    prefs.codegen.runtime.cython.cache_dir, prefs.codegen.target = str(tmp_path), "cython"
    yield tmp_path
    prefs.codegen.runtime.cython.cache_dir = before


def small(more=""):
    neurons = RateNeurons(3, tau=10 * ms)
    recurrent = PlasticSynapses(
        neurons, neurons, RFLO(learning_rate=0.1, tau=10 * ms), onto="I_rec"
    )
    recurrent.connect()
    recurrent.w.set_item(slice(None), np.linspace(-0.4, 0.4, 9))
    neurons.feedback = 0.5
    group = NeuronGroup(1, f"x : 1\n{more}", name="unit*")
    return Network(neurons, recurrent, group), recurrent, group


def test_same_numbers_and_nothing_left(empty, caplog):
    network, recurrent, _ = small()
    compiled = []
    for duration in (5 * ms, 5 * ms):
        network.run(duration, namespace={})
        assert not {"create_extension", "_load_module"} & set(vars(manager))
        assert not any(
            isinstance(module, modules.Module)
            for obj in network.objects
            for code in obj._code_objects
            for module in code.compiled_code.values()
        )
        compiled.append(sorted(path.name for path in empty.glob("*.so")))
    assert compiled[0] == compiled[1] and len(compiled[0]) <= 3
    found = np.array(recurrent.w)
    prefs.codegen.target = "numpy"
    network, recurrent, _ = small()
    network.run(10 * ms, namespace={})
    np.testing.assert_allclose(found, np.array(recurrent.w), rtol=1e-13)


def test_a_second_network_compiles_nothing(empty):
    """Though its objects have other names, as those of the first are still there."""
    networks, found, compiled = [], [], []
    for _ in range(3):
        network, recurrent, _ = small()
        networks.append((network, recurrent))
        network.run(10 * ms, namespace={})
        found.append(np.array(recurrent.w))
        compiled.append(sorted(path.name for path in empty.glob("*.so")))
    assert len({recurrent.name for _, recurrent in networks}) == 3
    assert compiled[0] == compiled[1] == compiled[2]
    np.testing.assert_array_equal(found[0], found[2])


def test_a_shared_module_is_understood_as_its_parts_are(empty, monkeypatch):
    """Brian2 tells Cython, for example, that a root of a negative number is NaN, not complex."""
    shared = []
    monkeypatch.setattr(modules, "known", {})
    monkeypatch.setattr(
        modules, "together", lambda codes, own=modules.together: shared.append(codes) or own(codes)
    )
    small()[0].run(1 * ms, namespace={})
    assert len(shared) == 2 and min(map(len, shared)) > 0
    for codes in tuple(shared):
        wanted = modules.directives(codes[0])
        assert any("cpow=True" in line for line in wanted)
        assert all(modules.directives(code) == wanted for code in codes)
        assert modules.directives(modules.together(codes))[: len(wanted)] == wanted


def test_names_of_objects_are_not_in_the_code():
    code = """def main(_namespace):
    cdef double * _ptr_array_cells_1_x = <double *> _get(_namespace['_array_cells_1_x'])
    _dynamic_array_cells_1_x_kept = _namespace["_dynamic_array_cells_1_x_kept"]
    _ptr_array_cells_1_x[0] = _namespace["N"]
"""
    made, keys = modules.nameless(code)
    assert keys == ("_array_cells_1_x", "_dynamic_array_cells_1_x_kept")
    assert "cells" not in made and made.startswith("def main(tuple _names, _namespace):")
    assert (made, keys) == (modules.nameless(code)[0], keys) and made == modules.nameless(
        code.replace("cells_1", "cells")
    )[0]


def test_all_to_all_is_connected_without_a_compiler(empty):
    neurons = RateNeurons(4, tau=10 * ms)
    whole, blocks, pairs = (
        PlasticSynapses(neurons, neurons, RFLO(learning_rate=0.1, tau=10 * ms), onto="I_rec")
        for _ in range(3)
    )
    whole.connect()
    blocks.connect(networks=2)
    assert not list(empty.glob("*.so"))
    prefs.codegen.target = "numpy"
    pairs.connect(i=np.repeat(range(4), 4), j=np.tile(range(4), 4))
    np.testing.assert_array_equal((whole.i, whole.j), (pairs.i, pairs.j))
    np.testing.assert_array_equal(
        (blocks.i, blocks.j), ([0, 0, 1, 1, 2, 2, 3, 3], [0, 1, 0, 1, 2, 3, 2, 3])
    )
    assert whole.codeobj_class is None


def test_an_error_of_the_compiler_ends_the_run(empty):
    broken = Function(lambda x: x, arg_units=[1], return_unit=1, arg_names=["x"])
    broken.implementations.add_implementation(
        CythonCodeObject,
        "cdef double broken(double x):\n    return no_such_name(x)\n",
        name="broken",
    )
    network, _, group = small()
    group.run_regularly("x = broken(1.0)")
    with pytest.raises(BrianObjectException) as caught:
        network.run(1 * ms, namespace={"broken": broken})
    assert "does not compile with Cython" in str(caught.value.__cause__)


def test_functions_of_one_name_and_other_meaning(empty):
    """Two groups with a function each: what cannot share a module has its own."""
    network, *_ = small()
    groups = []
    for factor in (2, 3):
        function = Function(lambda x: x, arg_units=[1], return_unit=1, arg_names=["x"])
        function.implementations.add_implementation(
            CythonCodeObject, f"cdef double times(double x):\n    return {factor}*x\n", name="times"
        )
        groups.append(NeuronGroup(1, "x : 1", namespace={"times": function}))
        groups[-1].run_regularly("x = times(1.0)")
    network.add(*groups)
    network.run(1 * ms, namespace={})
    assert [float(group.x[0]) for group in groups] == [2, 3]


def test_what_keeps_something_shares_no_module():
    code = "cdef int a = 1\ndef main(dict _namespace):\n    pass\n"
    assert modules.is_shareable(code)
    for kept in ("global a", "x = rand(1)", "static int n = 0;", "main = 3"):
        assert not modules.is_shareable(f"{code}    {kept}\n")


def test_modules_in_common():
    codes = [
        '#cython: language_level=3\nimport x\ncdef extern from *:\n    """\nint a;\n    """\n   '
        f" int a\ndef main(dict _namespace):\n    return {number}\n"
        for number in range(2)
    ]
    shared = modules.together(codes)
    assert shared.count("import x") == shared.count("cdef extern") == 1
    assert (
        "def main_0(tuple _names, dict _namespace):\n    return 0" in shared
        and "def main_1(tuple _names, dict _namespace):\n    return 1" in shared
    )


def test_functions_of_dense_loops_have_names_of_their_own():
    code = (
        'cdef extern from *:\n    """\ntemplate <typename T> void _add_product(T* out) {}\n   '
        ' """\ndef main(dict _namespace):\n    pass\n'
    )
    shared = modules.together([code, code])
    assert shared.count("_add_product_0(") == shared.count("_add_product_1(") == 1
