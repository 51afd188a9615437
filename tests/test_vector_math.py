"""Vector tanh and exp: how accurate, what they make of NaN and infinity, and that they can be
switched off.
"""

import subprocess

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, defaultclock, ms, prefs, set_device
from brian2 import device as brian_device

from brian_rflo import RateNeurons
from brian_rflo.brian import vector_math
from brian_rflo.brian.devices import device, has_compiler

pytestmark = [
    pytest.mark.compiled,
    pytest.mark.skipif(not has_compiler(), reason="no C++ compiler"),
]

PROGRAM = """
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <vector>
{declarations}
using namespace std;

template <typename T> void judge(const T low, const T high)
{{
    const int n = 1 << 20;
    vector<T> x(n + 8), y(n + 8);
    for (int i = 0; i < n; i++)
        x[i] = low + (high - low)*i/n;
    const T inf = numeric_limits<T>::infinity(), nan = numeric_limits<T>::quiet_NaN();
    const T special[8] = {{0, -T(0), inf, -inf, nan, T(1e-30), T(-1e-30), T(2000)}};
    for (int i = 0; i < 8; i++)
        x[n + i] = special[i];
    #pragma GCC ivdep
    for (int i = 0; i < n + 8; i++)
        y[i] = {name}(x[i]);
    double ulps = 0;
    for (int i = 0; i < n; i++)
    {{
        const long double exact = {name}((long double)x[i]);
        const long double ulp = nextafter((T)fabs(exact), inf) - (T)fabs(exact);
        ulps = fmax(ulps, (double)(fabs(y[i] - exact)/ulp));
    }}
    printf("%.3f", ulps);
    for (int i = 0; i < 8; i++)
        printf(" %g", (double)y[n + i]);
    printf("\\n");
}}

int main()
{{
    judge<double>({low}, {high});
    judge<float>({low}, {high});
}}
"""
SPECIAL = {"tanh": np.tanh, "exp": np.exp}


def run(folder, name, flags=(), low=-25, high=25):
    """Largest error in units of the last place, and the special values; a row for double, one for
    float.
    """
    source = PROGRAM.format(
        declarations=vector_math.DECLARATIONS.format(name=name, glibc=vector_math.FUNCTIONS[name]),
        name=name,
        low=low,
        high=high,
    )
    (folder / "ulp.cpp").write_text(source)
    subprocess.run(
        [
            "g++",
            "-O3",
            "-ffast-math",
            "-fno-finite-math-only",
            "-march=native",
            "-std=c++11",
            *flags,
            "ulp.cpp",
            "-o",
            "ulp",
        ],
        cwd=folder,
        check=True,
    )
    return np.array(
        [
            line.split()
            for line in subprocess.run(
                ["./ulp"], cwd=folder, check=True, capture_output=True, text=True
            ).stdout.splitlines()
        ],
        dtype=float,
    )


@pytest.mark.parametrize("name", vector_math.FUNCTIONS)
def test_accuracy(name, tmp_path):
    special = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-30, -1e-30, 2000])
    with np.errstate(over="ignore"):
        expected = SPECIAL[name](special)
    for ulps, *values in run(tmp_path, name):
        assert ulps < 4
        np.testing.assert_allclose(values, expected, rtol=1e-6)


@pytest.mark.parametrize(
    "flag", ["", "-U__x86_64__", "-U__GNUC__", "-D__clang__", "-U__GLIBC__", "-DOLD"]
)
def test_nothing_is_declared_elsewhere(flag, tmp_path):
    """Another processor, compiler or library, or an old one: the same source has nothing of it."""
    library = (
        "#ifdef OLD\n#define __GLIBC_PREREQ(a, b) 0\n#else\n#define __GLIBC_PREREQ(a, b)"
        " 1\n#endif\n"
    )
    (tmp_path / "other.cpp").write_text(
        library + vector_math.DECLARATIONS.format(name="tanh", glibc=35)
    )
    defined = ["-D__GLIBC__=2", "-D__x86_64__=1", "-D__GNUC__=12", *([flag] if flag else [])]
    seen = subprocess.run(
        ["g++", "-w", "-E", *defined, "other.cpp"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert ("__simd__" in seen) == (flag == "")


def tanh_in_source(learning, tmp_path):
    """Whether the code of a group declares the vector tanh."""
    with device("cpp_standalone"):
        set_device("cpp_standalone", directory=str(tmp_path), build_on_run=False)
        defaultclock.dt = 1 * ms
        group = (
            RateNeurons(5, tau=10 * ms, name="rates")
            if learning
            else NeuronGroup(5, "x : 1", name="rates")
        )
        group.run_regularly("phi = tanh(drive)" if learning else "x = tanh(x)", name="code")
        if learning:
            vector_math.use_for(group)
        Network(group).run(1 * ms)
        brian_device.build(directory=str(tmp_path), compile=False, run=False)
        vector_math.declare(brian_device, tmp_path)
    return any(
        "__simd__" in path.read_text() for path in (tmp_path / "code_objects").glob("code*.cpp")
    )


def test_only_learning_networks_use_it(tmp_path):
    assert tanh_in_source(True, tmp_path / "on")
    assert not tanh_in_source(False, tmp_path / "bare")


def test_preference_switches_it_off(tmp_path):
    prefs["brian_rflo.vector_math"] = False
    try:
        assert not tanh_in_source(True, tmp_path / "off")
    finally:
        prefs["brian_rflo.vector_math"] = True
