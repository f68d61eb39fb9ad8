# Builds zinit, its tests and its boot image. `make help` lists the targets.
#
# Sources are found by wildcard: a new file needs no word here. Everything made lies in build/, and
# what depends on compiler flags in build/MODE/, so that flavours live side by side:
#
#   make                         build/release   what is installed: static, optimised
#   make DEBUG=1                 build/debug     the same, unoptimised
#   make SAN=address,undefined   build/asan      dynamic, for g++ cannot link sanitizers statically
#   make SAN=thread              build/tsan
#   make CXX=clang++             build/clang-release, and so on

VERSION := 0.1.0
MAX_BYTES := 3145728

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# --- flavour -------------------------------------------------------------------------------------

ifeq ($(origin CXX),default)
  CXX := g++
endif
comma := ,
ifeq ($(SAN),)
  FLAVOUR := $(if $(DEBUG),debug,release)
  LINK_MODE := -static
  OPTIMISE := $(if $(DEBUG),-Og -g,-Os -g)
  # A test is compiled more often than it is run.
  TEST_OPTIMISE := -Og -g1
else
  FLAVOUR := $(or $(if $(filter thread,$(SAN)),tsan),$(if $(filter address%,$(SAN)),asan),\
                  san-$(subst $(comma),-,$(SAN)))
  LINK_MODE :=
  # -O1 with -fsanitize=undefined compiles three times as long.
  OPTIMISE := -Og -g1 -fno-omit-frame-pointer
  TEST_OPTIMISE := $(OPTIMISE)
  SANITIZE := -fsanitize=$(SAN) -fno-sanitize-recover=all
endif
MODE := $(if $(findstring clang,$(notdir $(CXX))),clang-)$(strip $(FLAVOUR))
OUT := build/$(MODE)

# Third-party headers lie in /usr/include, which compilers take as system headers: no -isystem.
CPPFLAGS_ALL := -Isrc -Iinclude -DZINIT_VERSION='"$(VERSION)"' $(CPPFLAGS)
TEST_CPPFLAGS := -Itest
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Werror
CXXFLAGS_ALL := -std=c++20 -pthread $(WARNINGS) -ffunction-sections -fdata-sections $(SANITIZE) \
                $(CXXFLAGS)
LDFLAGS_ALL := $(LINK_MODE) -pthread -Wl,--gc-sections $(SANITIZE) $(LDFLAGS)
LIBS := -lev

# --- sources -------------------------------------------------------------------------------------

# $(call sources,FOLDER): every .cpp below it, sorted so that links are reproducible
sources = $(sort $(shell find $(1) -name '*.cpp' 2>/dev/null))
objects = $(patsubst %.cpp,$(OUT)/obj/%.o,$(1))

SRC := $(call sources,src)
INTERNAL_OBJ := $(call objects,$(filter-out src/main.cpp,$(SRC)))
CLIENT_OBJ := $(call objects,$(call sources,src/base) $(call sources,src/client/libzinit))
SUPPORT_OBJ := $(call objects,$(call sources,test/support))
VM_HARNESS := $(call sources,test/vm/harness)
VM_DEMO := $(call sources,test/vm/demo)
VM_TESTS := $(filter-out $(VM_HARNESS) $(VM_DEMO),$(call sources,test/vm))
ALL_SOURCES := $(SRC) $(call sources,test)

# --- the program ---------------------------------------------------------------------------------

NAMES := zinitctl zinit-server zinit-pid1 init poweroff reboot halt shutdown

.PHONY: all
ifeq ($(MODE),release)
all: build/zinit size $(NAMES:%=build/%)  ## build everything (default); DEBUG=1, SAN=address,undefined, SAN=thread, CXX=clang++
endif
all: $(OUT)/zinit $(NAMES:%=$(OUT)/%) $(OUT)/libzinit.a

build/zinit: $(OUT)/zinit
	@strip -o $@ $<

.PHONY: size
size: build/zinit
	@size=$$(stat -c %s $<); echo "$<: $$size bytes, $(MAX_BYTES) allowed"; \
	[ $$size -le $(MAX_BYTES) ] || { echo "$< is too large" >&2; exit 1; }

$(sort $(NAMES:%=build/%) $(NAMES:%=$(OUT)/%)):
	@mkdir -p $(@D)
	@ln -sf zinit $@

$(OUT)/zinit: $(OUT)/obj/src/main.o $(OUT)/libzinit-internal.a
	@echo "  link $@"
	@$(CXX) $(LDFLAGS_ALL) -o $@ $^ $(LIBS)

# An archive is made anew: `ar r` would keep members whose source is gone.
$(OUT)/libzinit-internal.a: $(INTERNAL_OBJ) $(OUT)/internal.list
	@rm -f $@; ar rcs $@ $(INTERNAL_OBJ)

$(OUT)/libzinit.a: $(CLIENT_OBJ) $(OUT)/client.list
	@rm -f $@; ar rcs $@ $(CLIENT_OBJ)

# --- compiling -----------------------------------------------------------------------------------

# $(call remember,FILE,TEXT): rewrites FILE only where TEXT is new, so what depends on it is rebuilt
# when flags or the list of sources change and not otherwise
define remember
$(shell mkdir -p $(dir $(1)); printf '%s\n' '$(subst ','\'',$(2))' | cmp -s - $(1) || \
  printf '%s\n' '$(subst ','\'',$(2))' >$(1))
endef

ifneq ($(filter-out help clean deps format,$(or $(MAKECMDGOALS),all)),)
  $(call remember,$(OUT)/flags,$(shell $(CXX) --version | head -n 1) $(CPPFLAGS_ALL) \
    $(OPTIMISE) $(TEST_OPTIMISE) $(CXXFLAGS_ALL) $(LDFLAGS_ALL) $(LIBS))
  $(call remember,$(OUT)/internal.list,$(INTERNAL_OBJ))
  $(call remember,$(OUT)/client.list,$(CLIENT_OBJ))
endif
$(OUT)/flags $(OUT)/internal.list $(OUT)/client.list: ;

$(OUT)/obj/src/%.o: src/%.cpp $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  $(MODE) $<"
	@$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) $(OPTIMISE) -MMD -MP -c -o $@ $<

# What runs for every service, event and line of output is worth its size; commands, parsers and
# answers, which are most of the program, are not.
ifeq ($(FLAVOUR),release)
$(foreach room,base model os supervisor io,$(OUT)/obj/src/$(room)/%.o): OPTIMISE := -O2 -g
endif

$(OUT)/obj/test/%.o: test/%.cpp $(OUT)/flags
	@mkdir -p $(@D)
	@echo "  $(MODE) $<"
	@$(CXX) $(CPPFLAGS_ALL) $(TEST_CPPFLAGS) $(CXXFLAGS_ALL) $(TEST_OPTIMISE) -MMD -MP -c -o $@ $<

# Catch2's own main: 8 s of compiling, longer when optimised, and nothing in it is ours.
$(OUT)/obj/test/support/main.o: TEST_OPTIMISE := -O0

-include $(patsubst %.cpp,$(OUT)/obj/%.d,$(ALL_SOURCES))

# --- tests ---------------------------------------------------------------------------------------

link_test = @echo "  link $@"; $(CXX) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

$(OUT)/test-unit: $(call objects,$(call sources,test/unit))
$(OUT)/test-model: $(call objects,$(call sources,test/model))
$(OUT)/test-scenario: $(call objects,$(call sources,test/scenario))
$(OUT)/test-vm: $(call objects,$(VM_TESTS) $(VM_HARNESS))
TESTS := $(foreach t,unit model scenario,$(if $(call sources,test/$(t)),$(OUT)/test-$(t)))
VM_TEST := $(if $(VM_TESTS),$(OUT)/test-vm)
$(TESTS) $(VM_TEST): $(SUPPORT_OBJ) $(OUT)/libzinit-internal.a
	$(link_test)

$(OUT)/vm-demo: $(call objects,$(VM_DEMO) $(VM_HARNESS)) $(OUT)/libzinit-internal.a
	$(link_test)

.PHONY: unit-tests tests unit test
unit-tests: $(filter-out %/test-scenario,$(TESTS))

tests: all $(TESTS) $(if $(filter release,$(MODE)),$(VM_TEST))  ## build the tests of this flavour without running them

unit:  ## run unit and model tests of this flavour; T=NAME as for test
	@MAKE='$(MAKE)' test/run --mode '$(MODE)' --only unit,model --name '$(T)'

# With T or a flavour given, that flavour alone is built and run.
test: deps  ## run all tests, sanitizer builds too; T=NAME: those whose "SUITE: NAME" contains it
	@MAKE='$(MAKE)' test/run $(if $(T)$(SAN)$(DEBUG)$(filter-out g++,$(CXX)),--mode '$(MODE)') \
	  --name '$(T)'

# --- the boot image ------------------------------------------------------------------------------

.PHONY: run image images
image: build/zinit  ## build the QEMU image of the sample system (build/vm)
	@test/vm/image

images: image  ## build that one and the one of Debian's daemons, which tests boot (build/vm/debian)
	@test/vm/debian-image

# The packages first: whatever else make would run beside their installation needs them.
run: deps  ## boot the sample system in QEMU, show it, leave you at its shell
	@$(MAKE) --no-print-directory image $(OUT)/vm-demo
	@$(OUT)/vm-demo

# --- looking over the code -----------------------------------------------------------------------

# Lint parses with clang: it alone checks the lock annotations.
LINT_OK := $(patsubst src/%.cpp,build/lint/%.ok,$(SRC))
LINT_CXX := clang++ -fsyntax-only -Wthread-safety

.PHONY: lint lint-clang format
lint:  ## clang with -Wthread-safety, rooms, comments, widths, man pages
	@MAKE='$(MAKE)' test/lint/run

lint-clang: $(LINT_OK)

build/lint/%.ok: src/%.cpp Makefile
	@mkdir -p $(@D)
	@echo "  lint $<"
	@$(LINT_CXX) $(CPPFLAGS_ALL) -std=c++20 -pthread $(WARNINGS) -MMD -MP -MT $@ -MF $(@:.ok=.d) $<
	@touch $@

-include $(LINT_OK:.ok=.d)

format:  ## run clang-format over src, include and test
	@find src include test -name '*.[ch]pp' -exec clang-format -i {} +

.PHONY: compile_commands.json
compile_commands.json: build/compile_commands.json  ## for clangd and other tools; lies in build/

# $(call command,SOURCE): its entry
command = {"directory": "$(CURDIR)", "file": "$(1)", "command": "$(subst ",\",$(CXX) \
  $(CPPFLAGS_ALL) $(TEST_CPPFLAGS) $(CXXFLAGS_ALL) $(OPTIMISE) -c $(1))"}

build/compile_commands.json: $(OUT)/flags $(ALL_SOURCES)
	@mkdir -p $(@D)
	@: $(file >$@,[)$(foreach s,$(wordlist 2,9999,$(ALL_SOURCES)),$(file >>$@,$(call command,$s)$(comma)))
	@: $(file >>$@,$(call command,$(firstword $(ALL_SOURCES))))$(file >>$@,])

# --- what must be there --------------------------------------------------------------------------

# Debian 12's names. With git and make this is all that building, testing and `make run` need; what
# the boot image holds is downloaded by test/vm/image and never installed.
BUILD_DEPS := g++ libev-dev libtoml11-dev rapidjson-dev libexpected-dev libfmt-dev libcli11-dev
TEST_DEPS := catch2 clang mandoc qemu-system-x86 cpio

.PHONY: deps
deps:  ## install what is missing of the Debian packages needed (root, only when some are missing)
	@etc='$(BUILD_DEPS) $(TEST_DEPS)'; \
	missing=; \
	for p in $$etc; do \
	  [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null)" = installed ] || \
	    missing="$$missing $$p"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "not installed:$$missing (as root on Debian 12: make deps)" >&2; exit 0; \
	fi; \
	apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing

# --- installing ----------------------------------------------------------------------------------

# PREFIX= (empty) installs to /sbin and /bin, as an image without merged /usr wants it.
PREFIX ?= /usr
SBIN := $(DESTDIR)$(PREFIX)/sbin
BIN := $(DESTDIR)$(PREFIX)/bin
LIB := $(DESTDIR)$(PREFIX)/lib
INCLUDE := $(DESTDIR)$(PREFIX)/include
MAN := $(DESTDIR)$(PREFIX)/share/man
EXAMPLES := $(DESTDIR)$(PREFIX)/share/doc/zinit/examples
COMPLETION := $(DESTDIR)$(PREFIX)/share/bash-completion/completions/zinitctl
SBIN_NAMES := zinit-server zinit-pid1
INIT_NAMES := init poweroff reboot halt shutdown
MAN_PAGES := $(wildcard man/*.[1-8])

.PHONY: install uninstall
install: all  ## install below DESTDIR and PREFIX (/usr); INIT=1 also init, poweroff, reboot, halt, shutdown
	install -D -m 755 build/zinit $(SBIN)/zinit
	for n in $(SBIN_NAMES) $(if $(INIT),$(INIT_NAMES)); do ln -sf zinit $(SBIN)/$$n || exit 1; done
	install -d $(BIN) && ln -sf ../sbin/zinit $(BIN)/zinitctl
	install -D -m 644 $(OUT)/libzinit.a $(LIB)/libzinit.a
	for h in $(wildcard include/zinit/*.hpp); do \
	  install -D -m 644 $$h $(INCLUDE)/zinit/$${h##*/} || exit 1; done
	install -d $(LIB)/pkgconfig
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: libzinit' 'Description: client of the zinit init system' \
	  'Version: $(VERSION)' 'Cflags: -I$${prefix}/include' 'Libs: -L$${prefix}/lib -lzinit -pthread' \
	  >$(LIB)/pkgconfig/libzinit.pc
	for m in $(MAN_PAGES); do install -D -m 644 $$m $(MAN)/man$${m##*.}/$${m##*/} || exit 1; done
	install -D -m 644 etc/completion/zinitctl.bash $(COMPLETION)
	cd etc && find zinit -type f -exec install -D -m 644 {} $(abspath $(EXAMPLES))/{} \;

uninstall:  ## remove what install put there; INIT=1 as for install
	for n in $(SBIN_NAMES) $(if $(INIT),$(INIT_NAMES)); do \
	  [ "$$(readlink $(SBIN)/$$n)" != zinit ] || rm -f $(SBIN)/$$n; done
	rm -f $(SBIN)/zinit $(BIN)/zinitctl $(LIB)/libzinit.a $(LIB)/pkgconfig/libzinit.pc
	rm -f $(COMPLETION)
	rm -rf $(INCLUDE)/zinit $(EXAMPLES)
	for m in $(MAN_PAGES); do rm -f $(MAN)/man$${m##*.}/$${m##*/}; done

# --- the rest ------------------------------------------------------------------------------------

.PHONY: help clean
help:  ## this list
	@awk -F ':.*## ' '/^[a-z_.-]+:.*## / { printf "make %-22s %s\n", $$1, $$2 }' Makefile

clean:  ## remove build/
	rm -rf build
