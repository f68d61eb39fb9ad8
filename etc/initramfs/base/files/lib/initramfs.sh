# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# Functions for the services of the initramfs. For sh, to be sourced.

# Prints the value of the last $1=VALUE on the kernel's command line, or $2 if there is none.
parameter() {
  local word value=$2
  set -f
  for word in $(cat /proc/cmdline); do
    case $word in "$1"=*) value=${word#*=} ;; esac
  done
  set +f
  echo "$value"
}

# Prints the last of the words given that is on the kernel's command line; fails if none is.
last_word() {
  local word found=
  set -f
  for word in $(cat /proc/cmdline); do
    case " $* " in *" $word "*) found=$word ;; esac
  done
  set +f
  [ -n "$found" ] && echo "$found"
}

# Loads the drivers of all devices that the kernel has found so far.
coldplug() {
  find /sys/devices -name modalias -exec cat {} + 2>/dev/null | sort -u |
    xargs -r modprobe -abq 2>/dev/null
  return 0
}

# Prints the block device that is meant by a path, UUID=, LABEL=, PARTUUID= or PARTLABEL=; fails if
# it does not exist. udev's links work, although there is no udev.
device_of() {
  local tag=$1
  case $tag in
    /dev/disk/by-uuid/*) tag=UUID=${tag##*/} ;;
    /dev/disk/by-label/*) tag=LABEL=${tag##*/} ;;
    /dev/disk/by-partuuid/*) tag=PARTUUID=${tag##*/} ;;
    /dev/disk/by-partlabel/*) tag=PARTLABEL=${tag##*/} ;;
  esac
  case $tag in
    PARTUUID=*) tag=PARTUUID=$(echo "${tag#*=}" | tr A-F a-f) ;;
  esac
  case $tag in
    *=*) blkid -c /dev/null -l -o device -t "$tag" ;;
    *) [ -b "$tag" ] && echo "$tag" ;;
  esac
}

# Prints the type of the file system, or of the other content, of a block device.
type_of() { blkid -c /dev/null -o value -s TYPE "$1"; }

# Waits until a block device exists, and prints its path. Waits $2 seconds at most; without $2, for
# ever.
wait_for_device() {
  local device end=
  [ -z "$2" ] || end=$(($(seconds) + $2))
  until device=$(device_of "$1"); do
    if [ -n "$end" ] && [ "$(seconds)" -ge "$end" ]; then
      echo "$1 has not appeared in $2 s; block devices: $(cd /sys/class/block && echo *)" >&2
      return 1
    fi
    coldplug
    sleep 0.1
  done
  echo "$device"
}

# Prints the seconds since the kernel's start.
seconds() {
  local uptime
  read -r uptime </proc/uptime
  echo "${uptime%%.*}"
}
