#!/usr/bin/env bash
# clang-tidy over what changed since BASE, over the given files, or over all; then lists long files.
# A file takes about 11 seconds of a processor, all of them more than half an hour.
#   scripts/tidy.sh              since main was left; on main its latest 20 commits
#   BASE=v0.1.0 scripts/tidy.sh  since that
#   ALL=1 scripts/tidy.sh        everything
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset tidy > /dev/null
# Headers that protoc writes must be there before anything can be read.
cmake --build build/tidy --target rind_proto_common rind_proto_signer rind_proto_ceremony \
  rind_proto_delegation rind_proto_syncer rind_proto_health > /dev/null

files=("$@")
if [ ${#files[@]} -eq 0 ]; then
  base=${BASE:-$(git merge-base HEAD main 2> /dev/null || true)}
  if [ -z "${BASE:-}" ] && [ "$base" = "$(git rev-parse HEAD)" ]; then
    # A shallow clone knows fewer: then everything is new.
    base=$(git rev-parse --verify --quiet HEAD~20 || true)
  fi
  if [ -z "${ALL:-}" ] && [ -n "$base" ]; then
    git rev-parse --verify --quiet "$base^{commit}" > /dev/null || { echo "tidy: no commit $base"; exit 1; }
    mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- 'common/*.cc' 'services/*.cc')
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
