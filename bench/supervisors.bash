# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# shellcheck shell=bash
# What each supervisor that bench/run compares needs: files of N services, and a command to run it.
#
#   SUPERVISOR_files N     makes the files in $work/SUPERVISOR-N
#   SUPERVISOR_command N   prints the words that start it, in the foreground
#   SUPERVISOR_stop        prints the signal that stops it with all services
#
# $work holds the programs pause and orphans and the FIFOs reports and go. Services run there.

everyone="bare session cgroup zinit${BEFORE:+ before} zinit+cgroup runit s6 finit${DINIT:+ dinit}"
everyone=${ONLY:-$everyone}

# --- the system calls alone, in three ways: see bare.cpp

bare_command() { echo "$work/bare start $1 plain"; }
session_command() { echo "$work/bare start $1 session"; }
cgroup_command() { echo "$work/bare start $1 $cgroup"; }
bare_files() { :; }
session_files() { :; }
cgroup_files() { :; }
bare_stop() { kill -l TERM; }
session_stop() { kill -l TERM; }
cgroup_stop() { kill -l TERM; }

# --- zinit, which uses cgroups if it finds some: bench/run hides them from the one of this name;
#     another build of it, "before", with the same files

# FOLDER NAME PROGRAM [DEPENDENCY]
zinit_file() {
  printf '[service]\nexec = "%s"\ndir = "%s"\n' "$3" "$work" >"$1/$2.toml"
  printf '[lifecycle]\nrestart_delay_ms = 0\n' >>"$1/$2.toml"
  [ -z "${4:-}" ] || printf '[dependencies]\nrequires = ["%s"]\nafter = ["%s"]\n' "$4" "$4" \
    >>"$1/$2.toml"
}

zinit_files() {
  local i
  mkdir -p "$work/zinit-$1"
  for ((i = 0; i < $1; ++i)); do zinit_file "$work/zinit-$1" "s$i" "$work/pause"; done
}

# WHO: the folder of its programs.
programs_of() { [ "$1" = before ] && echo "$work/before" || echo "$work"; }

# SIZE [FOLDER OF THE PROGRAM]
zinit_command() {
  echo "${2:-$work}/zinit server --config-dir $work/zinit-$1 --socket $work/socket"
}
zinit_stop() { kill -l TERM; }

before_files() { :; }
before_command() { zinit_command "$1" "$work/before"; }
before_stop() { kill -l TERM; }

zinit+cgroup_files() { :; }
zinit+cgroup_command() { zinit_command "$@"; }
zinit+cgroup_stop() { kill -l TERM; }

# --- runit: a folder for each service, with its program as ./run

# FOLDER SIZE
run_folders() {
  local i
  for ((i = 0; i < $2; ++i)); do
    mkdir -p "$1/s$i"
    ln -s "$work/pause" "$1/s$i/run"
    ln -s "$work/reports" "$1/s$i/reports"
  done
}

runit_files() { run_folders "$work/runit-$1" "$1"; }

runit_command() { echo "$debian/usr/bin/runsvdir $work/runit-$1"; }
runit_stop() { kill -l HUP; }

# --- s6: the same

s6_files() { run_folders "$work/s6-$1" "$1"; }

# By default it takes at most 500 services.
s6_command() { echo "$debian/usr/bin/s6-svscan -c 1010 $work/s6-$1"; }
s6_stop() { kill -l TERM; }

# --- finit, as PID 1 of its namespaces: see bench/finit-root

finit_files() {
  local i
  mkdir -p "$work/finit-$1"
  for ((i = 0; i < $1; ++i)); do
    echo "service name:s$i :$i [2345] /pause -- s$i"
  done >"$work/finit-$1/services.conf"
}

finit_command() {
  echo "$work/unshare --user --map-root-user --mount --net --uts --ipc" \
    "$PWD/bench/finit-root $debian $work $work/finit-$1"
}
finit_stop() { kill -l USR2; }

# --- dinit, if DINIT is a built checkout of it: `boot` waits for all services

# FOLDER NAME PROGRAM
dinit_file() {
  printf '%s\n' type=process "command=$3" "working-dir=$work" restart=true restart-delay=0 \
    restart-limit-count=0 >"$1/$2"
}

dinit_files() {
  local i
  mkdir -p "$work/dinit-$1"
  for ((i = 0; i < $1; ++i)); do
    dinit_file "$work/dinit-$1" "s$i" "$work/pause"
    echo "depends-ms: s$i"
  done >"$work/dinit-$1/boot"
  echo 'type: internal' >>"$work/dinit-$1/boot"
}
dinit_command() { echo "$DINIT/src/dinit -q -d $work/dinit-$1 -p $work/dinit-socket boot"; }
dinit_stop() { kill -l TERM; }

# --- configurations for the chain and for the orphans

# LENGTH: services that each require the previous one. runit and s6 have no dependencies, finit's
# conditions need a pid file, which this service does not write, and dinit takes a chain of at most
# 32.
chain_files() {
  local i
  mkdir -p "$work/zinit-chain-$1"
  for ((i = 0; i < $1; ++i)); do
    zinit_file "$work/zinit-chain-$1" "s$i" "$work/pause" "$([ $i = 0 ] || echo "s$((i - 1))")"
  done
}

# One service that makes 1,000 orphans, or 10,000 in its own group; its supervisor is PID 1, which
# gets them.
orphans_files() {
  mkdir -p "$work"/{zinit,finit}-orphans "$work"/{runit,s6}-orphans/orphans
  zinit_file "$work/zinit-orphans" orphans "$work/orphans"
  mkdir -p "$work"/{zinit,dinit}-group
  zinit_file "$work/zinit-group" orphans "$work/orphans 10000"
  dinit_file "$work/dinit-group" boot "$work/orphans 10000"
  echo 'service [2345] /orphans -- orphans' >"$work/finit-orphans/services.conf"
  local folder
  for folder in "$work"/{runit,s6}-orphans/orphans; do
    ln -s "$work/orphans" "$folder/run"
    ln -s "$work/reports" "$work/go" "$folder"
  done
}

# --- commands for a service of 1,000, as whole processes

status_command() {
  case $1 in
    bare) echo "$work/bare ask $work/echo" ;;
    zinit | before) echo "$(programs_of "$1")/zinitctl --socket $work/socket status s500" ;;
    runit) echo "$debian/usr/bin/sv status $work/runit-1000/s500" ;;
    s6) echo "$debian/usr/bin/s6-svstat $work/s6-1000/s500" ;;
    finit) echo "/sbin/initctl status s500" ;;
    dinit) echo "$DINIT/src/dinitctl -p $work/dinit-socket status s500" ;;
  esac
}

# s6 has no such command.
list_command() {
  case $1 in
    zinit | before) echo "$(programs_of "$1")/zinitctl --socket $work/socket list" ;;
    runit) echo "$debian/usr/bin/sv status $(echo "$work"/runit-1000/*)" ;;
    finit) echo "/sbin/initctl status" ;;
    dinit) echo "$DINIT/src/dinitctl -p $work/dinit-socket list" ;;
  esac
}

restart_command() {
  case $1 in
    zinit* | before)
      echo "$(programs_of "$1")/zinitctl --socket $work/socket restart s500" ;;
    runit) echo "$debian/usr/bin/sv restart $work/runit-1000/s500" ;;
    s6) echo "$debian/usr/bin/s6-svc -r $work/s6-1000/s500" ;;
    dinit) echo "$DINIT/src/dinitctl -p $work/dinit-socket restart s500" ;;
    finit) echo "nsenter $(finit_place) env LD_LIBRARY_PATH=/finit /sbin/initctl restart s500" ;;
  esac
}

check_command() {
  case $1 in
    bare) echo "cat $(echo "$work"/zinit-1000/*)" ;;
    zinit | before) echo "$(programs_of "$1")/zinitctl check $work/zinit-1000" ;;
  esac
}

# nsenter's options for the namespaces of the measured finit.
finit_place() {
  echo "--target $(pgrep -n -x finit) --user --mount --pid --root --wd --preserve-credentials"
}
