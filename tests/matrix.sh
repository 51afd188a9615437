#!/usr/bin/env bash
# The test set on each Python (and with it each Brian2): tests/matrix.sh [VERSION ...]
set -euo pipefail
cd "$(dirname "$0")/.."
for version in ${*:-3.11 3.12 3.13}; do
    echo "== Python $version"
    "python$version" -m venv ".venv-$version"
    ".venv-$version/bin/pip" install -q -e ".[test]"
    ".venv-$version/bin/pytest" -q
done
