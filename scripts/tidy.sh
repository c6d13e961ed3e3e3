#!/usr/bin/env bash
# clang-tidy over the given files, over those that differ from BASE, or over all; then lists long files.
#   scripts/tidy.sh            all
#   BASE=main scripts/tidy.sh  what differs from main
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset tidy > /dev/null
# Headers that protoc writes must be there before anything can be read.
cmake --build build/tidy --target rind_proto_common rind_proto_signer rind_proto_ceremony \
  rind_proto_delegation rind_proto_syncer rind_proto_health > /dev/null

files=("$@")
if [ ${#files[@]} -eq 0 ]; then
  if [ -n "${BASE:-}" ]; then
    mapfile -t files < <(git diff --name-only --diff-filter=d "$BASE" -- 'common/*.cc' 'services/*.cc')
  else
    mapfile -t files < <(git ls-files 'common/*.cc' 'services/*.cc')
  fi
fi
echo "clang-tidy: ${#files[@]} files"
failed=0
if [ ${#files[@]} -gt 0 ]; then
  printf '%s\0' "${files[@]}" |
    xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p build/tidy --quiet 2> build/tidy/tidy.log || failed=1
fi

echo "files over 500 lines:"
git ls-files 'common/*.cc' 'common/*.h' 'services/*.cc' 'services/*.h' | xargs wc -l |
  awk '$2 != "total" && $1 > 500 { print "  " $1 "  " $2; n++ } END { if (!n) print "  none" }'
exit "$failed"
