# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
SUMMARY = "Process supervisor and init in one static file"
DESCRIPTION = "Starts, watches and stops services, as process 1 or beside another init."
# Empty, unless the configuration has a line HOMEPAGE:pn-zinit = "...".
HOMEPAGE ?= ""
# The archive of `make release` is in a directory of FILESEXTRAPATHS; its doc/licences.md lists the
# linked libraries.
LICENSE = "Apache-2.0 & LGPL-2.1-or-later"
LIC_FILES_CHKSUM = "file://COPYING;md5=3b83ef96387f14655fc854ddc3c6bd57 \
                    file://COPYING.LGPL-2.1;md5=4fbd65380cdd255951079008b364516c"

SRC_URI = "file://zinit-${PV}-${TARGET_ARCH}.tar.gz"
S = "${WORKDIR}/zinit-${PV}-${TARGET_ARCH}"
COMPATIBLE_HOST = "(x86_64|aarch64).*-linux"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    ${S}/install --destdir ${D} --prefix ${prefix} --init
}

# The program is stripped, and has no build ID of this build.
INHIBIT_PACKAGE_STRIP = "1"
INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
INSANE_SKIP:${PN} = "already-stripped"

PACKAGES =+ "${PN}-init ${PN}-mkinitramfs"
FILES:${PN} += "${prefix}/lib ${datadir} ${sysconfdir}"
FILES:${PN}-init = "${sbindir}/init ${sbindir}/poweroff ${sbindir}/reboot ${sbindir}/halt \
                    ${sbindir}/shutdown"
FILES:${PN}-mkinitramfs = "${sbindir}/zinit-mkinitramfs ${datadir}/zinit ${sysconfdir}/kernel"
RDEPENDS:${PN}-init = "${PN}"
RDEPENDS:${PN}-mkinitramfs = "${PN} bash binutils cpio gzip"
RCONFLICTS:${PN}-init = "systemd sysvinit busybox-init"
CONFFILES:${PN} = "${sysconfdir}/zinit/zinit.toml"
