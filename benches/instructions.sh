#!/usr/bin/env bash
# Instructions per step of the small cases: a figure that a busy machine does not change.
# Needs valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$(cargo bench -p benches --no-run --bench instructions 2>&1 | sed -n 's/.*(\([^)]*\)).*/\1/p' | tail -n 1)
count() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" 2>&1 |
    awk '/Collected/ { print $4 }'
}

start=$(count nothing)
printf '| case | instructions |\n|---|---|\n'
for case in step-full-batch step-workspace step-course prediction-workspace prediction-course; do
  printf '| %s | %d |\n' "$case" "$((($(count "$case") - start) / 1000))"
done
