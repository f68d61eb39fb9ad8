# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
################################################################################
#
# zinit
#
################################################################################

ZINIT_VERSION = 0.1.0
ZINIT_SITE = $(call qstrip,$(BR2_PACKAGE_ZINIT_ARCHIVE))
ZINIT_SITE_METHOD = local
ZINIT_LICENSE = Apache-2.0, LGPL-2.1+ (glibc)
ZINIT_LICENSE_FILES = COPYING COPYING.LGPL-2.1 doc/licences.md

# If zinit is the init, it replaces the names that busybox has taken.
define ZINIT_INSTALL_TARGET_CMDS
	$(if $(BR2_PACKAGE_ZINIT_INIT),rm -f $(foreach name,init poweroff reboot halt shutdown,\
		$(TARGET_DIR)/usr/sbin/$(name)))
	$(@D)/install --destdir $(TARGET_DIR) --prefix /usr \
		$(if $(BR2_PACKAGE_ZINIT_INIT),--init)
endef

$(eval $(generic-package))
