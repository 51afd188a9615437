"""Brian2's own tests with brian_rflo imported: ``python tests/brian2_suite.py [numpy] [cython]
[cpp_standalone] [one_file]``.

``one_file`` is C++ standalone once more, with all programs compiled the way of networks that learn:
as one file, with memory on cache lines. Without a name all four run, an hour or two on two cores.
Not a part of the default test set. Status 1 if a test fails.
"""

import os
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import brian2
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice

# in the environment of the processes that run tests: the file that says how programs were compiled
ONE_FILE = "BRIAN_RFLO_TEST_ONE_FILE"
PARTS = "numpy", "cython", "cpp_standalone", "one_file"


def all_as_one(report):
    """Let every program of this process be compiled as one file, and write into `report` which
    were.
    """
    from brian_rflo.brian import programs

    own = CPPStandaloneDevice.compile_source

    def compile_source(device, directory, compiler, debug, clean):
        make = partial(own, device, directory, compiler)
        reason = programs.reason_against(compiler, debug, clean) or programs.compiled_as_one(
            device, Path(directory), make
        )
        with open(report, "a") as lines:
            lines.write(f"{reason or 'as one file'}"[:60].replace("\n", " ") + "\n")
        if reason is not None:
            make(debug, clean)

    CPPStandaloneDevice.compile_source = compile_source


def run(part):
    """Run the tests of one part; return whether all passed."""
    print(f"== {part}", flush=True)
    plugins = ["-p", "brian_rflo", "-p", "brian2_suite"]
    if part in ("numpy", "cython"):
        return brian2.test(
            [part], test_codegen_independent=part == "numpy", additional_args=plugins
        )
    report = Path(f"{part}.compiled").absolute()
    report.unlink(missing_ok=True)
    if part == "one_file":
        os.environ[ONE_FILE] = str(report)
    passed = brian2.test(
        [],
        test_codegen_independent=False,
        test_standalone="cpp_standalone",
        additional_args=plugins,
    )
    os.environ.pop(ONE_FILE, None)
    if report.exists():
        print(
            "Programs:",
            *(
                f"{count} {how}"
                for how, count in Counter(report.read_text().splitlines()).most_common()
            ),
            sep="\n  ",
        )
        report.unlink()
    return passed


if ONE_FILE in os.environ:
    all_as_one(os.environ[ONE_FILE])

if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(PARTS)
    if unknown:
        sys.exit(f"A part must be one of {', '.join(PARTS)}; got {', '.join(sorted(unknown))}.")
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])
    )
    sys.path.insert(0, str(Path(__file__).parent))
    passed = {part: run(part) for part in sys.argv[1:] or PARTS}
    print(*(f"{part}: {'passed' if good else 'FAILED'}" for part, good in passed.items()), sep="\n")
    sys.exit(not all(passed.values()))
