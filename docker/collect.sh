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

# The folders that an image's volumes are mounted on: a new volume takes owner and mode from them.
#   folder IMAGE PATH MODE
folder() {
  mkdir -p "$out/folders/$1/$2"
  chmod "$3" "$out/folders/$1/$2"
}
folder offline-signer data 0700
folder release-signer data 0700
folder content-signer data 0700
folder content-signer trust/content 0755
folder delegation-manager data 0700
folder delegation-manager public 0755
folder mirror-syncer data 0700
folder mirror-syncer trust/syncer 0755
folder mirror-syncer blobs 2775   # the syncer, the manager for uploads, nobody else
folder gateway cache 0700
folder rind data 0700
folder rind bundle 0755
folder rind officer 0700
folder rind trust/officer 0755
