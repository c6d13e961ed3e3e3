#!/usr/bin/env bash
# Builds the fuzz targets and runs each for FUZZ_SECONDS (60).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
cmake --preset fuzz > /dev/null
mapfile -t targets < <(git grep -hoE '^ *rind_fuzz\(NAME [a-z0-9_]+' -- '*CMakeLists.txt' | sed 's/.* //')
cmake --build build/fuzz -j"${JOBS:-$(nproc)}" --target "${targets[@]}"
for target in "${targets[@]}"; do
  echo "--- $target, $seconds s"
  mkdir -p "build/fuzz/corpus/$target"
  seeds=()
  if [ -d "tests/fuzz/corpus/${target%_fuzz}" ]; then seeds=("tests/fuzz/corpus/${target%_fuzz}"); fi
  "build/fuzz/fuzz/$target" -max_total_time="$seconds" -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/" "build/fuzz/corpus/$target" "${seeds[@]}"
done
