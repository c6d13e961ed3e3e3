#!/usr/bin/env bash
# Measurements against GOALS, of the release build. `make bench` calls it; a whole run takes two
# to five minutes on two cores, by how busy they are. Exits with 1 when a goal is missed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/release

if [ ! -f "$build/CMakeCache.txt" ]; then (cd "$root" && cmake --preset release > /dev/null); fi
cmake --build "$build" -j"${JOBS:-$(nproc)}" --target rind-services release_driver rate_bench
export RIND_BIN=${RIND_BIN:-$build/bin}

echo "machine: $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), load $(cut -d' ' -f1-3 /proc/loadavg)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "rates of one thread:"
"$build/tests/rate_bench" "$folder/rates"
/usr/bin/python3 "$here/release_bench.py" "$@"
