# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# shellcheck shell=bash
# Runs build/bench/measure for one supervisor at a time, and collects its measurements.

session=
echo_server=

# WHO SIZE: begins a session for the supervisor; `ask start` then starts it.
begin_session() {
  local command
  read -ra command <<<"$("$1_command" "$2")"
  begin_command "$1" "${command[@]}"
}

# WHO COMMAND: the same for any command.
begin_command() {
  log "  $*"
  sleep 1  # the kernel frees what the one before has left: processes, cgroups, pages
  coproc MEASURE { cd "$work" && "in_place_of_$(kind_of "$1")" "${@:2}" 2>"$work/log"; }
  session=$MEASURE_PID
}

kind_of() {
  case $1 in
    *cgroup) echo cgroups ;;
    runit | s6) echo debian ;;
    *) echo others ;;
  esac
}

# Three environments: the unchanged machine; one without cgroups; and one in which /usr/bin comes
# from the unpacked packages, because s6 looks for its own programs there. They are set up before a
# measurement begins.
in_place_of_cgroups() { exec "$work/measure" session "$@"; }
in_place_of_others() {
  exec unshare --mount sh -c 'umount -a -t cgroup2; exec "$@"' - "$work/measure" session "$@"
}
in_place_of_debian() {
  export PATH=$debian/usr/bin:$PATH LD_LIBRARY_PATH=$libraries
  exec unshare --mount sh -c 'mount --bind "$0" /usr/bin; exec "$@"' "$debian/usr/bin" \
    "$work/measure" session "$@"
}

# REQUEST: sends it to the measuring program and prints the answer. See bench/measure.cpp.
ask() {
  local answer=-
  if [ -n "${MEASURE[1]:-}" ]; then
    echo "$1" >&"${MEASURE[1]}" && read -r answer <&"${MEASURE[0]}" || answer=-
  fi
  echo "$answer"
}

# The measuring program kills everything that still runs.
end_session() {
  [ -n "$session" ] || return 0
  [ -z "${MEASURE[1]:-}" ] || exec {MEASURE[1]}>&-
  wait "$session" || true
  session=
}

# WHAT WHO NUMBER: notes a result; "-" stands for no result.
sample() {
  if [ "$3" = - ]; then
    log "$1 of $2 could not be measured: $(tail -n 1 "$work/log")"
  else
    echo "$1 $2 $3" >>"$samples"
  fi
}

# WHAT WHO PREFIX COMMAND: measures a command as a whole process, without the command PREFIX.
times_of() {
  local what=$1 who=$2 prefix=$3 command=$4 measure=$work/measure
  [ -n "$command" ] || return 0
  [ -z "$prefix" ] || measure=/measure
  $prefix env LD_LIBRARY_PATH="$libraries:/finit" $measure times 20 $command 2>/dev/null |
    while read -r time; do sample "$what" "$who" "$time"; done
}
