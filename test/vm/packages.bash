# What the scripts beside this one that build boot images share: Debian's packages and cpio
# archives. For bash, to be sourced.

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

# Busybox and its names into the root file system $1, but for those that it has already, or that
# zinit answers to. Nothing may be copied over the links afterwards: they are absolute, and cp(1)
# writes through a link to what it names, which is this machine's busybox.
install_busybox() {
  local root=$1 name
  mkdir -p "$root/bin"
  cp --remove-destination build/vm/packages/root/bin/busybox "$root/bin/"
  for name in $("$root/bin/busybox" --list-full); do
    case $name in linuxrc | sbin/init | sbin/poweroff | sbin/reboot | sbin/halt) continue ;; esac
    if [ -e "$root/$name" ] || [ -L "$root/$name" ]; then continue; fi
    mkdir -p "$root/$(dirname "$name")"
    ln -s /bin/busybox "$root/$name"
  done
}

# The binary $2 and its names into the root file system $1.
install_zinit() {
  local root=$1 name
  mkdir -p "$root"/{bin,sbin}
  strip -o "$root/sbin/zinit" "$2"
  for name in init poweroff reboot halt shutdown zinit-server zinit-pid1; do
    ln -s zinit "$root/sbin/$name"
  done
  ln -s ../sbin/zinit "$root/bin/zinitctl"
  ln -s sbin/init "$root/init"
}

# Packs the folder given, all owned by uid and gid $2, on standard output; sizes a multiple of 4.
# All is as old as the second day of 1970: cron takes a folder of the first second for one it has
# read.
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
