#!/bin/sh
# /usr/sbin/policy-rc.d: what invoke-rc.d asks before a package's installation, upgrade or removal
# starts or stops a daemon by its init script. 101: it shall not. The daemons are zinit's. Without
# this file invoke-rc.d, which knows no run level here, starts none, but it does stop and reload
# them.
#
# With systemd as init all is as if this file were not there.
[ ! -d /run/systemd/system ] || exit 0
exit 101
