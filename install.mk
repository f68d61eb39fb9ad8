# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# Installs what `make` has built; doc/packaging.md describes the variables and the files.

PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/zinit
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
BASHCOMPDIR ?= $(DATADIR)/bash-completion/completions
# Where Debian's zsh looks, which has site-functions for the administrator alone.
ZSHCOMPDIR ?= $(DATADIR)/zsh/$(if $(filter /usr,$(PREFIX)),vendor-completions,site-functions)
FISHCOMPDIR ?= $(DATADIR)/fish/vendor_completions.d
SYSTEMDUNITDIR ?= $(PREFIX)/lib/systemd/system
INSTALL ?= install
D := $(DESTDIR)
DOC := $(D)$(DOCDIR)
SBIN := $(D)$(SBINDIR)
SBIN_NAMES := zinit-server zinit-pid1
POWER_NAMES := poweroff reboot halt shutdown
# Names that have no page of their own get a link to the page that describes them; names of an init
# only with INIT=1, because other packages have pages of these names.
TO_ZINIT_8 := $(SBIN_NAMES:%=$(D)$(MANDIR)/man8/%.8)
INIT_TO_ZINIT_8 := $(D)$(MANDIR)/man8/init.8
INIT_TO_ZINITCTL_1 := $(POWER_NAMES:%=$(D)$(MANDIR)/man8/%.8)
COMPLETIONS := $(D)$(BASHCOMPDIR)/zinitctl $(D)$(ZSHCOMPDIR)/_zinitctl $(D)$(FISHCOMPDIR)/zinitctl.fish
# bash and fish look for the completion of a program by its name, zsh by the first line of a file.
COMPLETION_LINKS := $(D)$(BASHCOMPDIR)/zinit $(D)$(FISHCOMPDIR)/zinit.fish
INIT_ZSH := $(D)$(ZSHCOMPDIR)/_zinit_power
INIT_COMPLETION_LINKS := $(POWER_NAMES:%=$(D)$(BASHCOMPDIR)/%) $(POWER_NAMES:%=$(D)$(FISHCOMPDIR)/%.fish)
INIT_LINKS := $(SBIN)/init $(POWER_NAMES:%=$(SBIN)/%) $(INIT_TO_ZINIT_8) $(INIT_TO_ZINITCTL_1) $(INIT_COMPLETION_LINKS)
LINKED_TO := zinit | zinit.8 | ../man1/zinitctl.1 | zinitctl | zinitctl.fish
DOC_FILES := COPYING COPYING.LGPL-2.1 NOTICE README.md CHANGELOG.md SECURITY.md
# zinit reads service files there. In a home directory no such folder of the system is made.
CONFIG := $(D)$(SYSCONFDIR)/zinit
PLACES := $(if $(and $(HOME),$(filter $(HOME)/%,$(PREFIX))),,$(foreach folder,system services targets,$(CONFIG)/$(folder) $(D)$(VENDORDIR)/$(folder)))

.PHONY: install install-bin uninstall dist other-init $(INIT_LINKS:%=other-init@%)
# What is built is installed as it is: `make install` without the flags of `make` compiles nothing.
install: install-bin $(if $(wildcard $(OUT)/libzinit.a),,$(OUT)/libzinit.a)  ## install below DESTDIR and PREFIX (/usr); INIT=1: init, poweroff, reboot, halt, shutdown too, INIT=replace: even if another init has these names
	for file in include/zinit/*; do $(INSTALL) -D -m 644 $$file $(D)$(INCLUDEDIR)/zinit/$${file##*/} || exit 1; done
	$(INSTALL) -D -m 644 $(OUT)/libzinit.a $(D)$(LIBDIR)/libzinit.a
	$(INSTALL) -d $(D)$(PKGCONFIGDIR) $(if $(PLACES),$(PLACES) $(D)$(SYSTEMDUNITDIR))
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(LIBDIR:$(PREFIX)/%=$${prefix}/%)' 'includedir=$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%)' \
	  'Name: libzinit' 'Description: client of the zinit init system' 'Version: $(VERSION)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lzinit -pthread' >$(D)$(PKGCONFIGDIR)/libzinit.pc
	$(if $(PLACES),sed 's|/usr/sbin/zinit|$(SBINDIR)/zinit|' etc/systemd/zinit.service >$(D)$(SYSTEMDUNITDIR)/zinit.service)
	chmod 644 $(D)$(PKGCONFIGDIR)/libzinit.pc $(if $(PLACES),$(D)$(SYSTEMDUNITDIR)/zinit.service)
	for page in man/*.[1-8]; do $(INSTALL) -D -m 644 $$page $(D)$(MANDIR)/man$${page##*.}/$${page##*/} || exit 1; done
	for link in $(TO_ZINIT_8) $(if $(INIT),$(INIT_TO_ZINIT_8)); do ln -sf zinit.8 $$link || exit 1; done
	for link in $(if $(INIT),$(INIT_TO_ZINITCTL_1)); do ln -sf ../man1/zinitctl.1 $$link || exit 1; done
	for file in $(COMPLETIONS) $(if $(INIT),$(INIT_ZSH)); do \
	  $(INSTALL) -D -m 644 $$(ls etc/completion/$${file##*/} etc/completion/$${file##*/}.bash 2>/dev/null) $$file || exit 1; done
	for link in $(COMPLETION_LINKS) $(if $(INIT),$(INIT_COMPLETION_LINKS)); do ln -sf zinitctl$$(expr $$link : '.*\(\.fish\)') $$link || exit 1; done
	for file in $(DOC_FILES) $(wildcard doc/*.md doc/*.svg); do $(INSTALL) -D -m 644 $$file $(DOC)/$$file || exit 1; done
	mkdir -p $(DOC)/examples/sample && cp -r etc/sample/examples/. etc/sample/scripts $(DOC)/examples && \
	  cp -r etc/sample/system etc/sample/services etc/sample/targets $(DOC)/examples/sample && \
	  chmod -R u=rwX,go=rX $(DOC)/examples
	$(if $(PLACES),[ -e $(CONFIG)/zinit.toml ] || $(INSTALL) -m 644 etc/zinit.toml $(CONFIG)/zinit.toml)

install-bin: $(if $(wildcard $(STRIPPED)),,all) | other-init  ## install the program and its names alone, as an image needs them
	$(INSTALL) -D -m 755 $(STRIPPED) $(SBIN)/zinit
	for name in $(SBIN_NAMES) $(if $(INIT),init $(POWER_NAMES)); do ln -sf zinit $(SBIN)/$$name || exit 1; done
	$(INSTALL) -d $(D)$(BINDIR) && ln -sfr $(SBIN)/zinit $(D)$(BINDIR)/zinitctl

# A name is zinit's if it is one of the links that are made here. Of another init nothing is replaced,
# because a machine without its own init does not boot if zinit has no configuration yet.
other-init: $(if $(filter 1,$(INIT)),$(INIT_LINKS:%=other-init@%))
	$(if $(filter-out 1 replace,$(INIT)),$(error INIT=$(INIT) is unknown: it is 1, replace or empty))
$(INIT_LINKS:%=other-init@%): other-init@%:
	@case "$$(readlink $*)" in $(LINKED_TO)) exit ;; esac; \
	  [ -e $* ] || [ -L $* ] || exit 0; echo "make: $* belongs to another init, and nothing is installed." >&2; \
	  echo 'Move it aside or remove its package, install without INIT, or replace it: INIT=replace.' >&2; exit 1

uninstall:  ## remove what install has put there, but not what an administrator has added or changed
	for link in $(SBIN_NAMES:%=$(SBIN)/%) $(TO_ZINIT_8) $(INIT_LINKS); do \
	  case "$$(readlink $$link)" in $(LINKED_TO)) rm -f $$link ;; esac; done
	for page in man/*.[1-8]; do rm -f $(D)$(MANDIR)/man$${page##*.}/$${page##*/}; done
	rm -f $(SBIN)/zinit $(D)$(BINDIR)/zinitctl $(D)$(LIBDIR)/libzinit.a $(D)$(PKGCONFIGDIR)/libzinit.pc \
	  $(COMPLETIONS) $(COMPLETION_LINKS) $(INIT_ZSH) $(DOC_FILES:%=$(DOC)/%)
	rm -rf $(D)$(INCLUDEDIR)/zinit $(DOC)/doc $(DOC)/examples
	$(if $(PLACES),rm -f $(D)$(SYSTEMDUNITDIR)/zinit.service; ! cmp -s etc/zinit.toml $(CONFIG)/zinit.toml || rm -f $(CONFIG)/zinit.toml)
	for folder in $(DOC) $(if $(PLACES),$(PLACES) $(CONFIG) $(D)$(VENDORDIR)); do \
	  [ ! -d $$folder ] || rmdir --ignore-fail-on-non-empty $$folder; done

dist:  ## pack what git has of the last commit as build/zinit-VERSION.tar.gz: the same bytes each time
	@mkdir -p build && git -c tar.umask=0022 -c tar.tar.gz.command='gzip -9n' archive \
	  --prefix=zinit-$(VERSION)/ -o build/zinit-$(VERSION).tar.gz HEAD && echo build/zinit-$(VERSION).tar.gz
