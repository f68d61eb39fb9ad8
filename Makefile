# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: 2026 the zinit authors
# Builds zinit, its tests and its boot image. `make help` lists the targets. Everything made lies in
# build/, and what depends on the compiler's flags in build/MODE/, so that the modes live side by side:
#
#   make               build/release   what is installed: static, optimised, hardened
#   make MODE=debug    build/debug     for a debugger: hardly optimised, not hardened
#   make MODE=check    build/check     by clang: sanitizers for addresses and undefined behaviour, coverage for fuzzing
#   make MODE=tsan     build/tsan      by clang: the sanitizer for threads
#
# All but the release have kill points, places at which tests make zinit crash; in check and tsan faults of locking are
# errors. V=1 shows commands, CROSS=aarch64-linux-gnu- compiles for that machine in build/CROSSMODE, LINK=dynamic links
# with shared libraries. CPPFLAGS and CXXFLAGS of the caller come before the flags of a mode, LDFLAGS behind them.

VERSION := 0.1.0
MODE ?= release
SYSCONFDIR ?= /etc
VENDORDIR ?= /usr/lib/zinit

.DEFAULT_GOAL := all
.PHONY: FORCE all size unit check test fuzz fuzzers soak lint format deps run images bench help clean
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
Q := $(if $(V),,@)

# --- flags ---------------------------------------------------------------------------------------

# make sets these two itself, so that ?= would do nothing.
CXX := $(if $(filter default undefined,$(origin CXX)),$(CROSS)g++,$(CXX))
AR := $(if $(filter default undefined,$(origin AR)),$(CROSS)ar,$(AR))
STRIP ?= $(CROSS)strip
OBJCOPY ?= $(CROSS)objcopy
OUT := build/$(CROSS)$(MODE)

# Canaries above the buffers of a frame, no frame that leaps over the guard page of a stack, checked
# sizes in calls of libc, marks for the targets of indirect jumps: see test/lint/hardening.
ARCHITECTURE := $(firstword $(subst -, ,$(shell $(CXX) -dumpmachine)))
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
  $(if $(filter x86_64,$(ARCHITECTURE)),-fcf-protection) \
  $(if $(filter aarch64,$(ARCHITECTURE)),-mbranch-protection=standard)
# A pointer of a table that has to be relocated takes a bit, not 24 bytes, where ld can pack them.
PROGRAM := $(if $(filter dynamic,$(LINK)),-pie,-static-pie) -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code \
  $(if $(filter x86_64,$(ARCHITECTURE)),-z pack-relative-relocs)
LINKING := $(PROGRAM)
# What runs for each service or line is built for speed, but without padding and copies of code that save jumps
# (clang refuses these options); the rest for size. Without `private`, $(OUT)/flags would have these values.
HOT := $(patsubst %,$(OUT)/obj/src/%%,base io model supervisor)
FAST := -O2 $(if $(findstring clang,$(CXX)),,-fno-align-functions -fno-align-jumps -fno-align-loops \
  -freorder-blocks-algorithm=simple)
ifeq ($(MODE),release)
  OPTIMISE := -Os -g1 $(HARDEN)
  $(HOT): private OPTIMISE := $(FAST) -g1 $(HARDEN)
else ifeq ($(MODE),debug)
  OPTIMISE := -Og -g
else ifneq ($(filter check tsan,$(MODE)),)  # clang compiles the code for sanitizers in two thirds of g++'s time
  override CXX := $(if $(findstring clang,$(CXX)),$(CXX),clang++)
  OPTIMISE := -O0 -g1 -U_FORTIFY_SOURCE
  # RapidJSON adds to null pointers; the check of a vptr makes a pipe, for which tests have no descriptor.
  SANITIZE := $(if $(filter tsan,$(MODE)),-fsanitize=thread,-fsanitize=address,undefined \
    -fno-sanitize=vptr,pointer-overflow,null,alignment -fno-sanitize-recover=all)
  INSTRUMENT := $(SANITIZE) -fno-omit-frame-pointer -Wthread-safety -Werror=thread-safety
  LINKING := $(SANITIZE) -fuse-ld=lld
else
  $(error MODE=$(MODE) is unknown: it is release, debug, check or tsan)
endif
ifeq ($(MODE),check)
  INSTRUMENT += -fsanitize=fuzzer-no-link
  # To check each pointer (null, alignment) doubles the code: done where bytes are read as structures.
  $(addprefix $(OUT)/obj/src/,io% os% state%): private INSTRUMENT += -fsanitize=null,alignment
  # With one sanitizer alone, tests compile in half the time.
  $(addprefix $(OUT)/obj/test/,unit% model% support%): private INSTRUMENT := -fsanitize=address
endif
# Compiling a test costs more than running it. With -O0, a _FORTIFY_SOURCE of the caller would warn.
$(OUT)/obj/test/%: private OPTIMISE := -O0 -g1 -U_FORTIFY_SOURCE

# A warning stops the build of a clone, but not that of an archive, whose compiler may be a later one.
WERROR ?= $(if $(wildcard .git),-Werror)
WARNINGS := -Wall -Wextra -Wshadow -Wconversion $(WERROR)
# A Lua with C++'s names, as Debian 13 has it: see src/client/script/lua.hpp.
LUA_NAMES := $(shell nm $$($(CXX) -print-file-name=liblua5.4-c++.a) 2>/dev/null | grep -q ' T _Z.*lua_close' && echo -DZINIT_LUA_CXX_NAMES)
DEFINES := -DZINIT_VERSION=\"$(VERSION)\" -DZINIT_CONFIG=\"$(SYSCONFDIR)/zinit\" \
  -DZINIT_VENDOR_CONFIG=\"$(VENDORDIR)\" $(if $(filter release,$(MODE)),,-DZINIT_KILL_POINTS) $(LUA_NAMES)
FLAGS = -I. -Isrc -Iinclude -Itest $(DEFINES) $(CPPFLAGS) -std=c++20 -pthread $(WARNINGS) \
  -ffunction-sections -fdata-sections $(CXXFLAGS) $(OPTIMISE) $(INSTRUMENT)
LINK_FLAGS = $(LINKING) -pthread -Wl,--gc-sections $(LDFLAGS)
LIBS := -lev -lcares -llua5.4-c++ -lyaml

# --- compiling -----------------------------------------------------------------------------------

# A folder of sources is a room. It is compiled as one unit (a "unity build"), a source made here that includes the
# others: the headers that they share are most of the compiler's work. `make UNITY=` compiles each source by itself.
UNITY ?= 1
# MODE=tsan runs the unit tests tagged [threads], and leaves out each file that has no such test.
LEFT_OUT := $(if $(filter tsan,$(MODE)),$(sort $(shell grep -rl ^TEST_CASE test/unit | xargs grep -LF '[threads]')))
# $(call objects,FOLDER): those of all sources below it, but for a program's main.cpp
sources = $(filter-out $(LEFT_OUT),$(sort $(shell find $(1) -name '*.cpp' ! -name main.cpp)))
ifeq ($(UNITY),1)
  objects = $(patsubst %/,$(OUT)/obj/%.room.o,$(sort $(dir $(call sources,$(1)))))
else
  objects = $(patsubst %.cpp,$(OUT)/obj/%.o,$(call sources,$(1)))
endif

# % is the folder, whose time is that of the last file which came or went; LEFT_OUT is among the flags.
$(OUT)/obj/%.room.cpp: % $(OUT)/flags
	@mkdir -p $(@D); printf '#include "%s"\n' $(sort $(filter-out %/main.cpp $(LEFT_OUT),$(wildcard $</*.cpp))) >$@
.PRECIOUS: $(OUT)/obj/%.room.cpp  # make would remove it, as an intermediate file

# Paths begin at the root of the clone, so that the same sources give the same bytes anywhere.
COMPILE = $(Q)$(CXX) $(FLAGS) -ffile-prefix-map=$(CURDIR)=. -MMD -MP -c -o $@ $<

# g++ takes the sources that a unit includes for headers, and warns of anonymous namespaces in them.
$(OUT)/obj/%.room.o: $(OUT)/obj/%.room.cpp $(OUT)/flags
	@echo "  compile $*"
	$(COMPILE) $(if $(findstring clang,$(CXX)),,-Wno-subobject-linkage)

$(OUT)/obj/%.o: %.cpp $(OUT)/flags
	@mkdir -p $(@D); echo "  compile $<"
	$(COMPILE)

# Changes when the compiler or a flag does, so that all is compiled again.
$(OUT)/flags: FORCE
	@mkdir -p $(@D); { $(CXX) --version; echo '$(subst ','\'',$(CXX) $(FLAGS) $(HOT) $(FAST) $(LINK_FLAGS) $(LIBS)$(LEFT_OUT:%= %))'; } >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)

# --- the program ---------------------------------------------------------------------------------

NAMES := zinitctl zinit-server zinit-pid1 init poweroff reboot halt shutdown
# What is installed: build/zinit; of another machine or mode it lies in their folder.
STRIPPED := $(if $(filter build/release,$(OUT)),build,$(OUT)/stripped)/zinit

all: $(OUT)/zinit $(STRIPPED) $(NAMES:%=$(OUT)/%) $(OUT)/libzinit.a $(if $(filter build/release,$(OUT)),$(NAMES:%=build/%) size)  ## build everything (the default)

$(OUT)/zinit: $(OUT)/obj/src/main.o $(OUT)/libzinit-internal.a
	@echo "  link $@"
	$(Q)$(CXX) $(LINK_FLAGS) -o $@ $^ $(LIBS)
$(STRIPPED): $(OUT)/zinit
	$(Q)mkdir -p $(@D) && $(STRIP) -o $@ $<
$(NAMES:%=$(OUT)/%) $(NAMES:%=build/%):
	@mkdir -p $(@D) && ln -sf zinit $@

# The limit of 6 MiB is a guard against accidents, for g++ 12 alone: see doc/performance.md.
size: $(STRIPPED)
	@size=$$(stat -c %s $<) most=6291456; echo "$<: $$size bytes, $$most allowed"; \
	  [ $$size -le $$most ] || [ "$$($(CXX) -dumpversion)" != 12 ]

# An archive is removed first, because `ar r` keeps the objects of sources that are gone. libzinit.a is installed.
$(OUT)/libzinit-internal.a: $(call objects,src)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^
$(OUT)/libzinit.a: $(call objects,src/base src/client/libzinit)
	$(Q)rm -f $@ && $(AR) rcsD $@ $^ && $(OBJCOPY) -D --strip-debug $@

# --- tests ---------------------------------------------------------------------------------------

TESTS := $(patsubst %,$(OUT)/test-%,unit model scenario vm)
FUZZERS := $(patsubst test/fuzz/%.cpp,$(OUT)/fuzz/%,$(wildcard test/fuzz/*.cpp))
link_test = $(Q)echo "  link $@"; mkdir -p $(@D); $(CXX) $(LINK_FLAGS) $(1) -o $@ $^ $(LIBS)

# From here on prerequisites are expanded twice: a test's folder is known when % is.
.SECONDEXPANSION:
$(TESTS): $(OUT)/test-%: $$(call objects,test/%) $(OUT)/obj/test/support/main.o $(OUT)/libzinit-internal.a
	$(call link_test)
$(OUT)/vm-demo: $(call objects,test/vm/demo test/vm/harness) $(OUT)/obj/test/vm/demo/main.o $(OUT)/libzinit-internal.a
	$(call link_test)
$(FUZZERS): $(OUT)/fuzz/%: $(OUT)/obj/test/fuzz/%.o $(OUT)/libzinit-internal.a
	$(call link_test,-fsanitize=fuzzer)

fuzzers: $(FUZZERS)
# Scripts and recipes below call `make`, not $(MAKE): `make -n` runs each line that has $(MAKE).
unit:  ## build and run the unit and model tests of this mode; T=TEXT: those with TEXT in "SUITE: NAME"
	@test/run --mode '$(MODE)' --only unit,model --name '$(T)'
check:  ## the same (T= too) and scenarios, as a package's build does: without network, root or more packages
	@test/run --mode '$(MODE)' --only unit,model,scenario --name '$(T)'
test: deps  ## build and run all tests in all modes; T=TEXT as above
	@test/run --name '$(T)' $(if $(filter-out file default,$(origin MODE)),--mode '$(MODE)')
fuzz:  ## fuzz all that reads the bytes of others; T=SECONDS each (600)
	@make --no-print-directory -j$$(nproc) MODE=check fuzzers && test/fuzz/run $(or $(T),600)
soak: $(OUT)/zinit $(NAMES:%=$(OUT)/%)  ## soak the program of this mode; T=SECONDS (600)
	@make MODE=release CROSS= build/release/test-scenario && ZINIT_SOAK_SECONDS=$(or $(T),600) ZINIT_BIN=$(CURDIR)/$(OUT)/zinit build/release/test-scenario '[soak]'
lint:  ## headers, rooms, comments, widths, man pages; hardening and packaging of build/zinit
	@test/lint/run
format:  ## run clang-format over src, include and test
	find src include test -name '*.[ch]pp' -exec clang-format -i {} +

# --- machines, packages, measuring ---------------------------------------------------------------

deps:  ## install the Debian packages that are missing (as root; names of Debian 12)
	@test/packages build run test
run:  ## boot the sample system in QEMU, show it at work, leave you at its shell
	@test/vm/demo/run
images: $(STRIPPED)  ## build the images that tests boot: build/vm
	@test/vm/image && test/vm/debian-image && test/vm/disk-image && test/vm/initramfs-image
bench: all  ## measure what doc/performance.md claims; N=ROUNDS (5)
	@bench/build && test/vm/image && bench/fetch && bench/run $(N) && bench/proxies $(N) && bench/boot $(N)
help:  ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile *.mk
clean:  ## remove build/
	rm -rf build

include install.mk package.mk
