#!/usr/bin/env bash
# Compiles the BPF programs and regenerates what is made from them. The results are committed; running npmon never
# needs this. The same sources and the same clang give the same bytes on every machine, which a test proves.
#   usage: bpf/build.sh [OUTPUT-DIRECTORY]    (default: beside the sources)
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-.}
for source in *.bpf.c; do
  name=${source%.bpf.c}
  clang-19 -g -O2 -mcpu=v3 -target bpfel -D__TARGET_ARCH_x86 -Wall -Werror \
    -I"/usr/include/$(uname -m)-linux-gnu" -fdebug-prefix-map="$PWD=." \
    -c "$source" -o "$out/$name.bpf.o"
  llvm-strip-19 -g "$out/$name.bpf.o"
done
bpftool btf dump file "$out/npmon.bpf.o" -j >"$out/layout.tmp"
node layout.js "$out/layout.tmp" >"$out/layout.generated.ts"
rm "$out/layout.tmp"
if [ "$out" = . ]; then
  mkdir -p ../src/probe/bpf
  mv layout.generated.ts ../src/probe/bpf/layout.generated.ts
fi
