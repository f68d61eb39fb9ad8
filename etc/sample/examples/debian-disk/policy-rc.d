#!/bin/sh
# /usr/sbin/policy-rc.d: invoke-rc.d runs this before the installation, upgrade or removal of a
# package starts or stops a daemon by its init script. Exit code 101 forbids it, because zinit runs
# the daemons. Without this file, invoke-rc.d starts none, because it finds no run level, but it
# stops and reloads them.
#
# With systemd as init this file has no effect.
[ ! -d /run/systemd/system ] || exit 0
exit 101
