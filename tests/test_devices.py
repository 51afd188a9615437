"""C++ programs read the standard library once in a process, with GNU's compiler; and nothing is left of that afterwards."""

import os
import shutil
import subprocess

import pytest
from brian2 import prefs
from brian2.codegen.cpp_prefs import get_compiler_and_args

from brian_rflo import devices

FLAGS = "codegen.cpp.extra_compile_args_gcc"


@pytest.mark.compiled
@pytest.mark.skipif(shutil.which("g++") is None, reason="GNU's compiler")
def test_the_standard_library_is_read_once(tmp_path):
    before, seen = list(prefs[FLAGS]), []
    for _ in range(2):
        with devices.device("cpp_standalone"):
            seen.append(list(prefs[FLAGS]))
            _, flags = get_compiler_and_args()
    assert seen[0] == seen[1] and seen[0][:-1] == before and list(prefs[FLAGS]) == before
    (tmp_path / "program.cpp").write_text("#include <vector>\n")
    said = subprocess.run(["g++", "-H", *flags, "-c", tmp_path / "program.cpp", "-o", tmp_path / "program.o"], capture_output=True, text=True, check=True).stderr
    assert said.startswith("! ") and "standard.h.gch" in said.partition("\n")[0]


def test_another_compiler_reads_it_as_ever(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert devices.precompiled(("-DANOTHER",), os.getpid()) is None
