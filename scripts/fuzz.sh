#!/usr/bin/env bash
# Builds the fuzz targets and runs each for FUZZ_SECONDS (60).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-60}
cmake --preset fuzz > /dev/null
mapfile -t targets < <(git grep -h -A3 'rind_fuzz(' -- 'common/*CMakeLists.txt' 'services/*CMakeLists.txt' 'tests/*CMakeLists.txt' |
  grep -oE 'NAME [a-z0-9_]+' | cut -d' ' -f2 | sort -u)
if [ ${#targets[@]} -eq 0 ]; then
  echo "fuzz: there are no fuzz targets yet"
  exit 0
fi
cmake --build build/fuzz -j"${JOBS:-$(nproc)}" --target "${targets[@]}"
for target in "${targets[@]}"; do
  echo "--- $target, $seconds s"
  mkdir -p "build/fuzz/corpus/$target"
  seeds=()
  if [ -d "tests/fuzz/corpus/$target" ]; then seeds=("tests/fuzz/corpus/$target"); fi
  "build/fuzz/fuzz/$target" -max_total_time="$seconds" -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/" "build/fuzz/corpus/$target" "${seeds[@]}"
done
