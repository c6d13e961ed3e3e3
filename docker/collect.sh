#!/bin/sh
# collect.sh BIN OUT: for each program in BIN a folder OUT/<program> with the program, the libraries
# that it links and the few files that libc and TLS look for: the whole content of its image.
set -eu
bin=$1
out=$2
for program in "$bin"/rind*; do
  root=$out/$(basename "$program")
  mkdir -p "$root/bin" "$root/etc/ssl/certs" "$root/tmp" "$root/tls"
  chmod 1777 "$root/tmp"
  install -s -m 0755 "$program" "$root/bin/"
  ldd "$program" | sed -n 's/.*=> \(\/[^ ]*\).*/\1/p; s/^\t\(\/[^ ]*\) .*/\1/p' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  echo 'hosts: files dns' > "$root/etc/nsswitch.conf"
  echo 'root:x:0:0:root:/:/none' > "$root/etc/passwd"
done
mkdir -p "$out/empty" "$out/shared"
chmod 0750 "$out/empty"
chmod 2775 "$out/shared"
