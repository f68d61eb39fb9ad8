# What is packaged beside the program: the initramfs. doc/packaging.md describes the targets.

# --- the initramfs -------------------------------------------------------------------------------

KERNEL ?= $(shell uname -r)
INITRAMFS ?= build/initramfs-$(KERNEL)
initramfs: $(STRIPPED)  ## build the initramfs of etc/initramfs; KERNEL=VERSION, WITH=PARTS, MODULES=NAMES, ROOT=FOLDER, MODULES_ROOT=FOLDER, INITRAMFS=FILE
	@etc/initramfs/build -z $< -r '$(ROOT)' -k '$(MODULES_ROOT)' -m '$(MODULES)' '$(KERNEL)' '$(INITRAMFS)' $(WITH)

# The builder finds its parts beside itself, so that it is the same file in the sources and below
# /usr. Hooks of kernel packages are files of the system, as service files are.
INITRAMFS_DATA := $(D)$(DATADIR)/zinit/initramfs
HOOKS := $(if $(PLACES),$(foreach event,postinst postrm,$(D)$(SYSCONFDIR)/kernel/$(event).d/zz-zinit))
.PHONY: initramfs install-initramfs uninstall-initramfs
install: install-initramfs
install-initramfs:
	for file in $$(cd etc/initramfs && find build functions.bash base luks -type f); do \
	  mode=644; [ ! -x etc/initramfs/$$file ] || mode=755; \
	  $(INSTALL) -D -m $$mode etc/initramfs/$$file $(INITRAMFS_DATA)/$$file || exit 1; done
	$(INSTALL) -d $(SBIN) && ln -sfr $(INITRAMFS_DATA)/build $(SBIN)/zinit-mkinitramfs
	for hook in $(HOOKS); do $(INSTALL) -D -m 755 etc/initramfs/kernel-hook $$hook || exit 1; done

uninstall: uninstall-initramfs
uninstall-initramfs:
	rm -rf $(INITRAMFS_DATA)
	rm -f $(SBIN)/zinit-mkinitramfs $(HOOKS)
	for folder in $(D)$(DATADIR)/zinit $(dir $(HOOKS)) $(if $(HOOKS),$(D)$(SYSCONFDIR)/kernel); do \
	  [ ! -d $$folder ] || rmdir --ignore-fail-on-non-empty $$folder; done
