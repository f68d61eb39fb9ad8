# What the scripts beside this one that build boot images share: Debian's packages, parts that are
# kept, and what etc/initramfs has for its own. For bash, to be sourced in the project's folder by a
# script that has set `vm`, its folder.
#
# An image is made of parts, files and folders in $vm. Each part is kept beside a hash of all that
# it is made of, in PART.made-of, and made again only if that is another. What depends on zinit is
# made last, so that the rest can be prepared while zinit is compiled: that is all that such a
# script does if its argument is --prepare.

. etc/initramfs/functions.bash

# The packages given and the libraries they need, transitively: what they depend on, as far as those
# are libraries. Of alternatives ("|Depends") the first counts.
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

# keep PART INPUT...: has the function make_PART make the part $vm/PART (its name has _ for what is
# no letter), if it is not there as made of the same inputs by the same function. An input is a
# file, a folder with all in it, or a text.
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

# An ext4 file system $1 with label and size, from a folder if one is given, and with what follows
# it as options of mkfs.ext4.
make_ext4() {
  rm -f "$1.new"
  mkfs.ext4 -q -L "$2" ${4+-d "$4"} "${@:5}" "$1.new" "$3" >/dev/null
  mv "$1.new" "$1"
}

# The root file system $1 of the sample machine without what comes from Debian and service files,
# and without zinit, whose names are there.
make_sample_system() {
  rm -rf "$1" && mkdir -p "$1"/{etc,dev,proc,sys,run,tmp,root,var/log,var/run}
  cp -r test/vm/rootfs/. "$1/"
  chmod 1777 "$1/tmp"
  chmod 600 "$1/etc/shadow"
  name_zinit "$1"
}
