#!/usr/bin/env bash
# Tests on several Pythons, each with the newest Brian2 that runs on it (3.11: 2.9, 3.12: 2.10,
# 3.13: 2.11):
#
#   tests/matrix.sh [VERSION ...]              the default set; all three Pythons if none is named
#   tests/matrix.sh --exactness [VERSION ...]  tests against oracles alone, on numpy
#
# A Python that the machine lacks is left out, with a line that says so.
set -euo pipefail
cd "$(dirname "$0")/.."
exactness=(-m "not model and not compiled"
    tests/test_exactness.py tests/test_spiking.py tests/test_derived.py)

python_of() { # the command of a version, on the path or of pyenv
    if "python$1" --version > /dev/null 2>&1; then
        echo "python$1"
    else
        ls "$(pyenv root 2> /dev/null)/versions/$1".*/bin/python 2> /dev/null | tail -n 1
    fi
}

arguments=() packages=(".[test]")
if [ "${1:-}" = --exactness ]; then
    shift
    arguments=("${exactness[@]}") packages=(. pytest pytest-xdist)
fi
for version in ${*:-3.11 3.12 3.13}; do
    python=$(python_of "$version" || true)
    if [ -z "$python" ]; then
        echo "== Python $version is not on this machine"
        continue
    fi
    folder=".venv-$version"
    "$python" -m venv "$folder"
    "$folder/bin/pip" install -q -e "${packages[@]}"
    echo "== Python $version, Brian2 $("$folder/bin/python" -c 'import brian2; print(brian2.__version__)')"
    "$folder/bin/python" -m pytest -q "${arguments[@]}"
done
