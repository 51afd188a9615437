#!/usr/bin/env bash
# Runs the commands that pages print, as they print them, in an empty folder on a copy of this tree:
#
#   tests/readme.sh [PAGE ...]     README.md, docs, models and benchmarks if no page is named
#
# Whole models, comparisons and benchmarks run small (--quick, fewer trials): their published runs
# are tests. What is left out is named. The copy goes afterwards; so do its results.
set -euo pipefail
cd "$(dirname "$0")/.."
pages=("$@")
[ $# -gt 0 ] || pages=(README.md docs/*.md models/*/README.md benchmarks/README.md)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -co --exclude-standard -z | tar --null -T - --ignore-failed-read -c | tar -x -C "$copy"
cd "$copy"
export PATH="$copy/.venv/bin:$PATH" MPLBACKEND=Agg

small() { # a command as it is run here; nothing if it is left out
    case "$1" in
        *"[bench]"*) ;; # six gigabytes; without them contestants are left out
        *"brian-rflo run "*"--quick"*) echo "$1" ;;
        *"brian-rflo run "*) echo "$1 --quick" ;;
        *"brian-rflo compare"*) echo "$1 --networks 1 --trials 20" ;;
        *"brian-rflo bench"*"--quick"*) echo "$1" ;;
        *"brian-rflo bench"*) echo "$1 --quick" ;;
        *) echo "$1" ;;
    esac
}

failed=0
for page in "${pages[@]}"; do
    while IFS= read -r printed; do
        [ -n "$printed" ] || continue # a page without commands
        command=$(small "$printed")
        if [ -z "$command" ]; then
            echo "== $page: left out: $printed"
            continue
        fi
        if [ ! -d .venv ] && [ "${command#python3 -m venv}" = "$command" ]; then
            python3 -m venv .venv && .venv/bin/pip install -q -e .
        fi
        echo "== $page: $command"
        began=$SECONDS
        if bash -c "$command" > said 2>&1 < /dev/null; then
            echo "   $((SECONDS - began)) s"
        else
            failed=1
            echo "   FAILED after $((SECONDS - began)) s:"
            tail -n 20 said
        fi
    done < <(python3 tests/blocks.py "$page")
done
exit $failed
