# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# The common part of the scripts beside this one that build boot images: Debian's packages, kept
# parts, and the functions of etc/initramfs. A bash script that has set `vm`, its folder, sources
# this file in the project's folder.
#
# An image consists of parts, files and folders in $vm. Beside each part lies a hash of all its
# inputs, in PART.made-of, and the part is made again only if the hash differs. Parts that need
# zinit are made last, so that the others can be prepared while zinit is compiled. With the argument
# --prepare such a script makes only the others.

. etc/initramfs/functions.bash

# The given packages and the libraries that they need, transitively: their dependencies, if these
# are libraries. The first of several alternatives ("|Depends") counts.
libraries_of() {
  apt-cache depends --recurse --important "$@" | awk -v todo="$*" '
    /^[^ ]/ { package = $1 }
    /Depends:/ && !alternative && $2 ~ /^lib/ { needs[package] = needs[package] " " $2 }
    /Depends:/ { alternative = /^ \|/ }
    END {
      while (split(todo, names) > 0) {
        todo = ""
        for (i in names)
          if (!seen[names[i]]++) { print names[i]; todo = todo needs[names[i]] }
      }
    }'
}

# keep PART INPUT...: makes the function make_PART make the part $vm/PART (its name has _ for other
# characters than letters), unless the same function has made it from the same inputs. An input is a
# file, a folder with its content, or a text.
keep() {
  local part=$1 maker=make_${1//[^a-z]/_} made_of input
  shift
  made_of=$({
    declare -f "$maker"
    cat test/vm/packages.bash etc/initramfs/functions.bash
    for input; do
      if [ ! -e "$input" ]; then echo "$input"; continue; fi
      tar -cP --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "$input"
    done
  } | sha256sum)
  if [ -e "$vm/$part" ] && [ "$(cat "$vm/$part.made-of" 2>/dev/null)" = "$made_of" ]; then
    return
  fi
  rm -f "$vm/$part.made-of"
  "$maker"
  echo "$made_of" >"$vm/$part.made-of"
}

# Makes the folder $vm, and waits until no other script makes parts in it.
lock_parts() {
  mkdir -p "$vm"
  exec {parts_lock}>"$vm/lock"
  flock "$parts_lock"
}

# Makes an ext4 file system $1 with label and size, from a folder if one is given. Further arguments
# are options of mkfs.ext4.
make_ext4() {
  rm -f "$1.new"
  mkfs.ext4 -q -L "$2" ${4+-d "$4"} "${@:5}" "$1.new" "$3" >/dev/null
  mv "$1.new" "$1"
}

# The root file system $1 of the sample machine without files of Debian, without service files, and
# without zinit, but with zinit's names.
make_sample_system() {
  rm -rf "$1" && mkdir -p "$1"/{etc,dev,proc,sys,run,tmp,root,var/log,var/run}
  cp -r test/vm/rootfs/. "$1/"
  chmod 1777 "$1/tmp"
  chmod 600 "$1/etc/shadow"
  name_zinit "$1"
}
