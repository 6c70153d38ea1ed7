#!/usr/bin/env bash
# Gets a fresh clone ready: `setup.sh run` for npmon itself, `setup.sh test` for the tests as well, `setup.sh bench` for
# those and the programs that the bench measures npmon beside. Says what it does, does only what is missing, and takes
# well under a second when nothing is.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}

say() { printf 'npmon setup: %s\n' "$*" >&2; }

if ! command -v node >/dev/null || [ "$(node -p 'parseInt(process.versions.node)')" -lt 20 ]; then
  say "Node.js 20 or later is needed; found $(node --version 2>/dev/null || echo none)"
  exit 1
fi

# Debian packages: libbpf is all that npmon itself needs; the rest compiles, watches and drives the tests.
packages=()
[ -n "$(compgen -G '/lib/*/libbpf.so.1' || compgen -G '/usr/lib*/libbpf.so.1' || compgen -G '/usr/lib/*/libbpf.so.1')" ] || packages+=(libbpf1)
wanted=()
[ "$purpose" = run ] || wanted+=(clang-19 llvm-19 bpftool libbpf-dev libc6-dev linux-libc-dev iproute2 tmux procps qemu-system-x86 busybox-static xz-utils openssl docker.io podman zsh fish systemd)
[ "$purpose" != bench ] || wanted+=(nethogs iftop tcpdump bpftrace)
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || packages+=("$package")
done
if [ "${#packages[@]}" -gt 0 ]; then
  if [ "$(id -u)" -ne 0 ]; then
    say "not root, so not installed: ${packages[*]}"
  elif ! command -v apt-get >/dev/null; then
    say "no apt-get here; please install by hand: ${packages[*]}"
  else
    say "installing from the distribution: ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  fi
fi

# npm leaves a copy of the lock file's contents in node_modules; it is older than the lock file when that changed.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say "installing from the npm registry"
  npm ci --include=dev --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi

if [ ! -e oclif.manifest.json ] || [ -n "$(find src bin package.json tsconfig.json -newer oclif.manifest.json -print -quit)" ]; then
  say "building"
  node bin/build.js
fi
