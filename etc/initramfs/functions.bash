# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# What scripts that build an initramfs share: programs with their libraries, busybox, zinit, and
# cpio archives. For bash, to be sourced.

# The shared library $2 of the root file system $1.
library_of() {
  local dir
  for dir in "$1"/{usr/,}lib{64,}{/*-linux-gnu*,}{/systemd,}; do
    if [ -e "$dir/$2" ]; then echo "$dir/$2"; return; fi
  done
  echo "$1 has no $2, which is needed" >&2
  return 1
}

# Copies the program $3 of the root file system $1 as $4 to the root file system $2, and the loader
# and the shared libraries that it needs, and the libraries of these. Name a library yourself if
# dlopen(3) loads it.
copy_with_libraries() {
  local from=$1 to=$2 lib path loader
  mkdir -p "$to/$(dirname "$4")" "$to/lib"
  cp -L --remove-destination "$from/$3" "$to/$4"
  loader=$(readelf -lW "$to/$4" 2>/dev/null | sed -n 's/.*interpreter: \/\(.*\)\]/\1/p')
  if [ -n "$loader" ] && [ ! -e "$to/$loader" ]; then
    mkdir -p "$to/$(dirname "$loader")"
    cp -L "$from/$loader" "$to/$loader"
  fi
  for lib in $(readelf -dW "$to/$4" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
    case $lib in ld-linux*) continue ;; esac
    [ ! -e "$to/lib/$lib" ] || continue
    path=$(library_of "$from" "$lib")
    copy_with_libraries "$from" "$to" "${path#"$from"/}" "lib/$lib"
  done
}

# The busybox $2 and its names into the root file system $1, but for those that it has already, or
# that zinit answers to. Nothing may be copied over the links afterwards: they are absolute, and
# cp(1) writes through a link to what it names, which is this machine's busybox.
install_busybox() {
  local root=$1 name
  mkdir -p "$root/bin"
  [ "$2" -ef "$root/bin/busybox" ] || cp -L --remove-destination "$2" "$root/bin/"
  for name in $("$2" --list-full); do
    case $name in linuxrc | sbin/init | sbin/poweroff | sbin/reboot | sbin/halt) continue ;; esac
    if [ -e "$root/$name" ] || [ -L "$root/$name" ]; then continue; fi
    mkdir -p "$root/$(dirname "$name")"
    ln -s /bin/busybox "$root/$name"
  done
}

# The binary $2 and its names into the root file system $1.
install_zinit() {
  name_zinit "$1"
  strip -o "$1/sbin/zinit" "$2"
}

# The names of a binary that is to be /sbin/zinit of the root file system $1.
name_zinit() {
  local root=$1 name
  mkdir -p "$root"/{bin,sbin}
  for name in init poweroff reboot halt shutdown zinit-server zinit-pid1; do
    ln -s zinit "$root/sbin/$name"
  done
  ln -s ../sbin/zinit "$root/bin/zinitctl"
  ln -s sbin/init "$root/init"
}

# Packs the given directory on standard output. All files are owned by uid and gid $2, and sizes are
# a multiple of 4. All times are the second day of 1970, because cron believes that it has already
# read a directory of the first second.
pack() {
  (cd "$1" && find . -exec touch -h -d @86400 {} + &&
    find . | sort | cpio --quiet --reproducible -o -H newc -R "$2")
}

# The kernel looks for the next archive at a multiple of 4.
pad() {
  local size
  cat "$1"
  size=$(stat -c %s "$1")
  head -c $(((4 - size % 4) % 4)) /dev/zero
}
