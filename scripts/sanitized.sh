#!/usr/bin/env bash
# Unit tests under a sanitizer: scripts/sanitized.sh asan-ubsan|tsan
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
cmake --preset "$preset"
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
# ThreadSanitizer: tests that meet no gRPC only (RIND_TSAN_LAYERS in cmake/RindLibrary.cmake).
case $preset in
  tsan) target=rind-tsan-tests labels='^tsan$' ;;
  *) target=rind-unit-tests labels='^(unit|architecture)$' ;;
esac
cmake --build "build/$preset" -j"${JOBS:-$(nproc)}" --target "$target"
ctest --test-dir "build/$preset" --output-on-failure -j2 -L "$labels" --no-tests=error
