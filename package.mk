# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# Packages of what `make` has built: for Debian, as an archive, as an image of a container; and the
# initramfs. doc/packaging.md describes the targets. What has steps is a script in etc/packaging.

# The time that packages bear, for the same sources the same wherever they lie: that of the commit,
# which an archive of `make dist` keeps as that of its files.
SOURCE_DATE_EPOCH ?= $(shell [ -e .git ] && git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
PACKAGE := CXX='$(CXX)' CROSS='$(CROSS)' STRIPPED='$(STRIPPED)' ARCHITECTURE='$(ARCHITECTURE)' \
  VERSION='$(VERSION)' LINK='$(LINK)'

.PHONY: deb release container initramfs test-trixie test-aarch64 test-packages install-initramfs uninstall-initramfs
deb:  ## build Debian packages of the last commit in build/deb; DEB_BUILD_OPTIONS=nocheck without tests
	@etc/packaging/deb '$(VERSION)'
release: all  ## pack the program, manuals and an installer as build/zinit-VERSION-ARCHITECTURE.tar.gz
	@$(PACKAGE) SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' etc/packaging/release
container: all  ## build an OCI image, build/zinit-VERSION-ARCHITECTURE.oci.tar; BASE=TAR: above that, SAMPLE=1: with etc/container in it
	@$(PACKAGE) SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' etc/packaging/container $(if $(BASE),--base '$(BASE)') $(if $(SAMPLE),--sample)
test-trixie:  ## compile on Debian 13 and run unit and model tests there, in a chroot (as root)
	@test/trixie
test-aarch64:  ## compile for aarch64 in a chroot, and boot that in an emulated machine (as root)
	@test/aarch64
test-packages:  ## install, try and remove the Debian packages on a bare Debian 12, in a chroot (as root)
	@test/debian-packages

# --- the bill of materials -----------------------------------------------------------------------

# It is as new as the program and the commit, and is written each time, because it takes no time.
SBOM := $(OUT)/zinit.spdx.json
all: $(SBOM)
$(SBOM): $(STRIPPED) FORCE
	@$(PACKAGE) SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' etc/packaging/sbom $< '$(VERSION)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# --- the initramfs -------------------------------------------------------------------------------

KERNEL ?= $(shell uname -r)
INITRAMFS ?= build/initramfs-$(KERNEL)
initramfs: $(STRIPPED)  ## build the initramfs of etc/initramfs; KERNEL=VERSION, WITH=PARTS, MODULES=NAMES, ROOT=FOLDER, MODULES_ROOT=FOLDER, INITRAMFS=FILE
	@etc/initramfs/build -z $< -r '$(ROOT)' -k '$(MODULES_ROOT)' -m '$(MODULES)' '$(KERNEL)' '$(INITRAMFS)' $(WITH)

# The builder finds its parts beside itself, so that it is the same file in the sources and below
# /usr. Hooks of kernel packages are files of the system, as service files are.
INITRAMFS_DATA := $(D)$(DATADIR)/zinit/initramfs
HOOK := sed 's|/usr/sbin/zinit|$(SBINDIR)/zinit|' etc/initramfs/kernel-hook
HOOKS := $(if $(PLACES),$(foreach event,postinst postrm,$(D)$(SYSCONFDIR)/kernel/$(event).d/zz-zinit))
install: install-initramfs
install-initramfs: $(if $(wildcard $(SBOM)),,$(SBOM)) | other-init
	$(INSTALL) -D -m 644 $(SBOM) $(DOC)/zinit.spdx.json
	for file in $$(cd etc/initramfs && find build functions.bash base luks -type f); do \
	  mode=644; [ ! -x etc/initramfs/$$file ] || mode=755; \
	  $(INSTALL) -D -m $$mode etc/initramfs/$$file $(INITRAMFS_DATA)/$$file || exit 1; done
	$(INSTALL) -d $(SBIN) && ln -sfr $(INITRAMFS_DATA)/build $(SBIN)/zinit-mkinitramfs
	for hook in $(HOOKS); do $(INSTALL) -D -m 755 /dev/null $$hook && $(HOOK) >$$hook || exit 1; done

uninstall: uninstall-initramfs
uninstall-initramfs:
	rm -rf $(INITRAMFS_DATA)
	rm -f $(SBIN)/zinit-mkinitramfs $(DOC)/zinit.spdx.json
	for hook in $(HOOKS); do ! $(HOOK) | cmp -s - $$hook || rm -f $$hook; done
	for folder in $(D)$(DATADIR)/zinit $(dir $(HOOKS)) $(if $(HOOKS),$(D)$(SYSCONFDIR)/kernel); do \
	  [ ! -d $$folder ] || rmdir --ignore-fail-on-non-empty $$folder; done
