#!/usr/bin/env bash
# Unit tests under a sanitizer: scripts/sanitized.sh asan-ubsan|tsan
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
cmake --preset "$preset"
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
if [ "$preset" = tsan ]; then
  # Debian's gRPC is not instrumented and reports noise: the layers below rpc only (ARCHITECTURE.md 7).
  mapfile -t targets < <(git grep -h 'rind_test(NAME' -- 'common/*CMakeLists.txt' ':!common/rpc' ':!common/runtime' ':!common/testing' |
    grep -oE 'NAME [a-z0-9_]+' | cut -d' ' -f2 | sort -u)
  cmake --build "build/$preset" -j"${JOBS:-$(nproc)}" --target "${targets[@]}"
  for target in "${targets[@]}"; do
    echo "--- $target"
    "build/$preset/tests/$target" --gtest_brief=1
  done
  exit 0
fi
cmake --build "build/$preset" -j"${JOBS:-$(nproc)}"
ctest --test-dir "build/$preset" --output-on-failure -j2 -L unit
