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

define ZINIT_INSTALL_TARGET_CMDS
	$(@D)/install --destdir $(TARGET_DIR) --prefix /usr \
		$(if $(BR2_PACKAGE_ZINIT_INIT),--init)
endef

$(eval $(generic-package))
