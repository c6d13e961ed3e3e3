#!/bin/bash
# Proves the containers with a real engine: builds the images, runs README.md's quick start as it
# stands, asserts hardening and reachability, starts all of it again, takes it down.
#
#   tests/e2e/containers.sh            # needs root (or sudo), Debian's docker.io and docker-compose
#   KEEP=1 tests/e2e/containers.sh     # leaves a stack that failed as it is
#
# Starts dockerd when none runs and ends that one afterwards. Where debian:bookworm-slim can't be
# pulled it is made with debootstrap, from the archive and with the proxy that apt here is set up for.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ "$(id -u)" != 0 ]; then
  exec sudo --preserve-env=KEEP,RIND_COMPOSE "$0" "$@"
fi

scratch=$(mktemp -d)
dockerd_pid=

finish() {
  if [ -n "$dockerd_pid" ]; then
    kill "$dockerd_pid" 2>/dev/null || true
    wait "$dockerd_pid" 2>/dev/null || true
  fi
  rm -rf "$scratch"
}
trap finish EXIT

say() { echo "containers: $*"; }

need() {
  command -v "$1" >/dev/null || { say "$1 is missing: apt-get install $2"; exit 2; }
}

start_engine() {
  if docker info >/dev/null 2>&1; then return; fi
  need dockerd docker.io
  say "no engine runs: starting dockerd"
  dockerd >"$scratch/dockerd.log" 2>&1 &
  dockerd_pid=$!
  for _ in $(seq 120); do
    if docker info >/dev/null 2>&1; then return; fi
    if ! kill -0 "$dockerd_pid" 2>/dev/null; then break; fi
    sleep 0.5
  done
  tail -5 "$scratch/dockerd.log"
  say "dockerd did not start"
  exit 2
}

# The Debian archive that apt uses here: the first one that has bookworm main.
debian_archive() {
  apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(SITE)' 'Identifier: Packages' |
    awk '$1 == "bookworm" && $2 == "main" { print $3; exit }'
}

base_image() {
  local image=debian:bookworm-slim
  if docker image inspect "$image" >/dev/null 2>&1; then return; fi
  if timeout 120 docker pull -q "$image" >/dev/null 2>&1; then return; fi
  need debootstrap debootstrap
  local archive
  archive=$(debian_archive)
  if [ -z "${archive:-}" ]; then
    echo "containers: apt on this machine names no Debian archive to make the base image from" >&2
    exit 2
  fi
  say "$image can't be pulled: making it with debootstrap"
  debootstrap --variant=minbase bookworm "$scratch/root" "$archive" >"$scratch/debootstrap.log" ||
    { tail -5 "$scratch/debootstrap.log"; exit 2; }
  # How apt here reaches its archive, so that apt in the image does too.
  local proxy
  proxy=$(apt-config dump --no-empty | grep -E '^Acquire::https?::Proxy ' || true)
  if [ -n "$proxy" ]; then echo "$proxy" >"$scratch/root/etc/apt/apt.conf.d/01proxy"; fi
  rm -rf "$scratch"/root/var/cache/apt/archives/*.deb "$scratch"/root/var/lib/apt/lists/*
  tar -C "$scratch/root" -c . | docker import -c 'CMD ["bash"]' - "$image" >/dev/null
  rm -rf "$scratch/root"
}

need docker docker.io
need python3 python3
need nsenter util-linux
need ip iproute2
began=$SECONDS
start_engine
say "engine: $((SECONDS - began)) s"
began=$SECONDS
base_image
say "base image: $((SECONDS - began)) s"
python3 tests/e2e/containers_test.py "$@"
