# shellcheck shell=bash
# Talks to build/bench/measure: a supervisor at a time, and what was measured of it.

session=
echo_server=

# WHO SIZE: a session for its supervisor, which `ask start` starts.
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

# Where all is as it is, where no cgroup can be seen, and where Debian's programs are what /usr/bin
# has, for s6 finds its own by that path. What is to be seen is set up before anything is measured.
in_place_of_cgroups() { exec "$work/measure" session "$@"; }
in_place_of_others() {
  exec unshare --mount sh -c 'umount -a -t cgroup2; exec "$@"' - "$work/measure" session "$@"
}
in_place_of_debian() {
  export PATH=$debian/usr/bin:$PATH LD_LIBRARY_PATH=$libraries
  exec unshare --mount sh -c 'mount --bind "$0" /usr/bin; exec "$@"' "$debian/usr/bin" \
    "$work/measure" session "$@"
}

# REQUEST: prints its answer. See bench/measure.cpp.
ask() {
  local answer=-
  if [ -n "${MEASURE[1]:-}" ]; then
    echo "$1" >&"${MEASURE[1]}" && read -r answer <&"${MEASURE[0]}" || answer=-
  fi
  echo "$answer"
}

# Whatever still runs is killed by the measuring program.
end_session() {
  [ -n "$session" ] || return 0
  [ -z "${MEASURE[1]:-}" ] || exec {MEASURE[1]}>&-
  wait "$session" || true
  session=
}

# WHAT WHO NUMBER
sample() {
  if [ "$3" = - ]; then
    log "$1 of $2 did not come about: $(tail -n 1 "$work/log")"
  else
    echo "$1 $2 $3" >>"$samples"
  fi
}

# WHAT WHO PREFIX COMMAND: of a command as a whole process; PREFIX is not part of what is measured.
times_of() {
  local what=$1 who=$2 prefix=$3 command=$4 measure=$work/measure
  [ -n "$command" ] || return 0
  [ -z "$prefix" ] || measure=/measure
  $prefix env LD_LIBRARY_PATH="$libraries:/finit" $measure times 20 $command 2>/dev/null |
    while read -r time; do sample "$what" "$who" "$time"; done
}
