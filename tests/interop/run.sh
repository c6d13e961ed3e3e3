#!/usr/bin/env bash
# python-tuf, securesystemslib and tuf-js, at pinned versions from their registries, against rind.
#   BINS=16384 run.sh   with so many bins instead of 256 (13 minutes of a processor: see ngclient_test.py)
# Needs build/release (make interop builds it), python3-venv, node and npm.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=$root/build/interop/venv
mkdir -p "$root/build/interop"

if [ ! -x "$venv/bin/python" ]; then /usr/bin/python3 -m venv "$venv"; fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
(cd "$here" && npm ci --silent --no-audit --no-fund)

export RIND_BIN=${RIND_BIN:-$root/build/release/bin}
failed=0
for test in canonical_form_test.py "ngclient_test.py${BINS:+ --bins $BINS}"; do
  echo "--- $test"
  # shellcheck disable=SC2086  # a name and its arguments
  (cd "$here" && "$venv/bin/python" $test) || failed=$((failed + 1))
done
total=2
echo "$((total - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
