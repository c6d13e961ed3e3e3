#!/usr/bin/env bash
# Installs the Debian packages of the given sections of packages.txt that are missing; says which first.
#   scripts/packages.sh build run demo
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

wanted=()
for section in "$@"; do
  mapfile -t lines < <(awk -v want="[$section]" '
    /^#/ || /^$/ { next }
    /^\[/ { inside = ($0 == want); next }
    inside' "$root/packages.txt")
  if [ ${#lines[@]} -eq 0 ]; then
    echo "packages: no section [$section] in packages.txt" >&2
    exit 2
  fi
  wanted+=("${lines[@]}")
done

# Another package may do what a named one does: any program of that name will do.
declare -A program=([docker.io]=dockerd [docker-compose]=docker-compose [nginx-light]=nginx [nodejs]=node [npm]=npm)
missing=()
for package in "${wanted[@]}"; do
  name=${program[$package]:-}
  if [ -n "$name" ] && PATH=$PATH:/usr/sbin command -v "$name" > /dev/null; then continue; fi
  # An engine that answers will do, wherever it runs; so will the newer compose.
  if [ "$package" = docker.io ] && docker info > /dev/null 2>&1; then continue; fi
  if [ "$package" = docker-compose ] && docker compose version > /dev/null 2>&1; then continue; fi
  # "install ok installed", or a virtual package that an installed one provides.
  state=$(dpkg-query -W -f '${Status}' "$package" 2> /dev/null || true)
  if [ "$state" != "install ok installed" ]; then missing+=("$package"); fi
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "This needs Debian packages that are not installed yet and installs them now with apt-get:"
echo "  ${missing[*]}"
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "packages: not root and no sudo here; install the packages above, then run this again" >&2
    exit 2
  fi
  sudo=(sudo)
fi
export DEBIAN_FRONTEND=noninteractive
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
