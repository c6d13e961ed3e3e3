#!/usr/bin/env bash
# clang-tidy over what changed since BASE, over the given files, or over all; then lists long files.
# With it come the warnings of clang++ itself, -Wthread-safety among them: clang-diagnostic-* in .clang-tidy.
# A file takes about 11 seconds of a processor, all of them most of an hour; a file that was clean is not
# looked at again before it, a header of ours that it includes, or the rules change.
#   scripts/tidy.sh              since main was left; on main its latest 20 commits
#   BASE=v0.1.0 scripts/tidy.sh  since that
#   ALL=1 scripts/tidy.sh        everything
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --preset tidy > /dev/null
# Headers that protoc writes must be there before anything can be read.
cmake --build build/tidy --target rind_proto_common rind_proto_signer rind_proto_ceremony \
  rind_proto_delegation rind_proto_syncer rind_proto_health > /dev/null

check() {
  local file=$1 sums=build/tidy/clean/$1.sums headers
  sha256sum --check --status "$sums" 2> /dev/null && return 0
  mkdir -p "$(dirname "$sums")"
  touch "$sums.begun"
  # -H lists on standard error what is included.
  if ! clang-tidy-14 -p build/tidy --quiet --extra-arg=-H "$file" 2> "$sums.log"; then
    grep -vE '^\.+ |warnings? .*generated' "$sums.log" >&2 || true
    return 1
  fi
  mapfile -t headers < <(grep -F " $PWD/" "$sums.log" | sed 's/^\.* //' | sort -u)
  # What was saved while clang-tidy read it is for the next run.
  if [ -z "$(find "$file" "${headers[@]}" -newer "$sums.begun")" ]; then
    sha256sum .clang-tidy CMakePresets.json cmake/RindToolchain.cmake "$file" "${headers[@]}" > "$sums"
  fi
}
export -f check

files=("$@")
if [ ${#files[@]} -eq 0 ]; then
  base=${BASE:-$(git merge-base HEAD main 2> /dev/null || true)}
  if [ -z "${BASE:-}" ] && [ "$base" = "$(git rev-parse HEAD)" ]; then
    # A shallow clone knows fewer: then everything is new.
    base=$(git rev-parse --verify --quiet HEAD~20 || true)
  fi
  if [ -z "${ALL:-}" ] && [ -n "$base" ]; then
    git rev-parse --verify --quiet "$base^{commit}" > /dev/null || { echo "tidy: no commit $base"; exit 1; }
    mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- 'common/*.cc' 'services/*.cc' 'tests/*.cc')
  else
    mapfile -t files < <(git ls-files 'common/*.cc' 'services/*.cc' 'tests/*.cc')
  fi
fi
echo "clang-tidy: ${#files[@]} files"
failed=0
if [ ${#files[@]} -gt 0 ]; then
  printf '%s\0' "${files[@]}" |
    xargs -0 -n 1 -P "${JOBS:-$(nproc)}" bash -c 'check "$1"' check || failed=1
fi

echo "files over 500 lines:"
git ls-files 'common/*.cc' 'common/*.h' 'services/*.cc' 'services/*.h' | xargs wc -l |
  awk '$2 != "total" && $1 > 500 { print "  " $1 "  " $2; n++ } END { if (!n) print "  none" }'
exit "$failed"
