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
#
# The tests themselves are compiled once for all flavours, into build/test, except for TSan, which
# must see how they synchronise with what they test (build/test-tsan). The scenario tests run the
# program from outside: build/release/test-scenario tests every flavour of it.

VERSION := 0.1.0
MAX_BYTES := 4194304

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# --- flavour -------------------------------------------------------------------------------------

ifeq ($(origin CXX),default)
  CXX := g++
endif
comma := ,
# What the compiler adds to a release against faults that would let somebody else's code run: a
# canary above the buffers of a frame, no frame that leaps over the guard page of a stack, checked
# sizes in calls of libc, marks where indirect jumps may land. test/lint/hardening looks for them.
ARCHITECTURE := $(firstword $(subst -, ,$(shell $(CXX) -dumpmachine)))
HARDEN := -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 \
  $(if $(filter x86_64,$(ARCHITECTURE)),-fcf-protection,-mbranch-protection=standard)
ifeq ($(SAN),)
  FLAVOUR := $(if $(DEBUG),debug,release)
  # Static, and at addresses that the kernel chooses anew at each start; Debian's compilers and
  # libraries make objects fit for that unasked. Tables that relocation fills are read-only after
  # it, the stack is not executable, and code lies in segments of its own. What is to be relocated
  # takes 2 KB as a bit map, where a list takes 176.
  LINK_MODE := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,-O2
  LINK_MODE += -Wl,-z,pack-relative-relocs
  # With -O2 for all the program has 5.1 MB.
  OPTIMISE := $(if $(DEBUG),-Og -g,-Os -g $(HARDEN))
  # Optimising at link time makes the program 6 % smaller; tests are linked from the same objects,
  # which have both (-ffat-lto-objects). LTO= links in half the time, for work on the code.
  LTO ?= $(if $(DEBUG)$(findstring clang,$(CXX)),,1)
  SRC_LTO := $(if $(LTO),-flto -ffat-lto-objects)
  LINK_LTO := $(if $(LTO),-flto=auto)
  LINK_NO_LTO := $(if $(LTO),-fno-lto)
else
  FLAVOUR := $(or $(if $(filter thread,$(SAN)),tsan),$(if $(filter address%,$(SAN)),asan),\
                  san-$(subst $(comma),-,$(SAN)))
  LINK_MODE :=
  # -O1 with -fsanitize=undefined compiles three times as long.
  OPTIMISE := -Og -g1 -fno-omit-frame-pointer
  # To look at a vptr makes a pipe, and where there is no descriptor left that counts as a fault.
  SANITIZE := -fsanitize=$(SAN) $(if $(findstring undefined,$(SAN)),-fno-sanitize=vptr) \
              -fno-sanitize-recover=all
endif
CLANG := $(if $(findstring clang,$(notdir $(CXX))),clang-)
MODE := $(CLANG)$(strip $(FLAVOUR))
OUT := build/$(MODE)

# A test is compiled more often than it is run.
TEST_OPTIMISE := -Og -g1
TEST_SANITIZE := $(if $(filter thread,$(SAN)),$(SANITIZE))
TEST_OUT := build/$(CLANG)test$(if $(TEST_SANITIZE),-tsan)

# Third-party headers lie in /usr/include, which compilers take as system headers: no -isystem.
CPPFLAGS_ALL := -Isrc -Iinclude -DZINIT_VERSION='"$(VERSION)"' $(if $(SAN)$(DEBUG),-DZINIT_KILL_POINTS) \
  $(CPPFLAGS)
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Werror
CXXFLAGS_ALL := -std=c++20 -pthread $(WARNINGS) -ffunction-sections -fdata-sections $(CXXFLAGS)
LDFLAGS_ALL := $(LINK_MODE) -pthread -Wl,--gc-sections $(SANITIZE) $(LDFLAGS)
LIBS := -lev -lcares -lhttp_parser

# --- sources -------------------------------------------------------------------------------------

# $(call sources,FOLDER): every .cpp below it, sorted so that links are reproducible
sources = $(sort $(shell find $(1) -name '*.cpp' 2>/dev/null))
objects = $(patsubst %.cpp,$(OUT)/obj/%.o,$(1))
test_objects = $(patsubst %.cpp,$(TEST_OUT)/obj/%.o,$(1))

SRC := $(call sources,src)
INTERNAL_OBJ := $(call objects,$(filter-out src/main.cpp,$(SRC)))
CLIENT_OBJ := $(call objects,$(call sources,src/base) $(call sources,src/client/libzinit))
SUPPORT_OBJ := $(call test_objects,$(call sources,test/support))
VM_HARNESS := $(call sources,test/vm/harness)
VM_DEMO := $(call sources,test/vm/demo)
VM_TESTS := $(filter-out $(VM_HARNESS) $(VM_DEMO),$(call sources,test/vm))
ALL_SOURCES := $(SRC) $(call sources,test)

# The rooms where what runs for every service, line of output and answer is worth its size, which is
# twice that of the rest.
HOT := $(filter $(addprefix src/,base/% io/% model/% os/% supervisor/% watch/% client/libzinit/% \
  client/verb_list.cpp config/toml_reader.cpp activation/relay.cpp),$(SRC))
# What is there in these rooms for single requests, for start-up, and large: {fmt} itself.
HOT := $(filter-out $(addprefix src/,base/format.cpp base/trusted_path.cpp \
  client/libzinit/client.cpp io/dev_log.cpp io/http_reader.cpp io/probe.cpp io/resolver.cpp \
  io/syslog_message.cpp model/endpoint.cpp model/why.cpp os/cgroup_resources.cpp \
  os/disposal.cpp os/mount.cpp os/users.cpp supervisor/board_services.cpp \
  supervisor/reload_report.cpp watch/pidfile.cpp watch/readiness_pidfile.cpp),$(HOT))
HOT_OPTIMISE := $(if $(filter release,$(FLAVOUR)),-O2 -g $(HARDEN),$(OPTIMISE))

# --- the program ---------------------------------------------------------------------------------

NAMES := zinitctl zinit-server zinit-pid1 init poweroff reboot halt shutdown

.PHONY: all
ifeq ($(MODE),release)
all: build/zinit $(if $(LTO),size) $(NAMES:%=build/%)  ## build everything (default); DEBUG=1, SAN=address,undefined, SAN=thread, CXX=clang++
endif
all: $(OUT)/zinit $(NAMES:%=$(OUT)/%) $(OUT)/libzinit.a

# Copied, as install does: strip writes the file in one piece, and a kernel that caches it so maps a
# megabyte where a page is touched, which all counts as resident.
build/zinit: $(OUT)/zinit
	@strip -o $@.stripped $< && cat $@.stripped >$@ && chmod 755 $@ && rm $@.stripped

.PHONY: size
size: build/zinit
	@size=$$(stat -c %s $<); echo "$<: $$size bytes, $(MAX_BYTES) allowed"; \
	[ $$size -le $(MAX_BYTES) ] || { echo "$< is too large" >&2; exit 1; }

$(sort $(NAMES:%=build/%) $(NAMES:%=$(OUT)/%)):
	@mkdir -p $(@D)
	@ln -sf zinit $@

$(OUT)/zinit: $(OUT)/obj/src/main.o $(OUT)/libzinit-internal.a
	@echo "  link $@"
	@$(CXX) $(LDFLAGS_ALL) $(LINK_LTO) -o $@ $^ $(LIBS)

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
  COMPILER := $(shell $(CXX) --version | head -n 1) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) $(PCH)
  $(call remember,$(OUT)/flags,$(COMPILER) $(OPTIMISE) $(HOT_OPTIMISE) $(HOT) $(SANITIZE) $(SRC_LTO) $(LINK_LTO) $(LDFLAGS_ALL) $(LIBS))
  $(call remember,$(TEST_OUT)/flags,$(COMPILER) $(TEST_OPTIMISE) $(TEST_SANITIZE))
  $(call remember,$(OUT)/internal.list,$(INTERNAL_OBJ))
  $(call remember,$(OUT)/client.list,$(CLIENT_OBJ))
endif
$(OUT)/flags $(TEST_OUT)/flags $(OUT)/internal.list $(OUT)/client.list: ;

# Headers that most sources include, compiled once for each set of flags: half of the compiler's
# work. Not where ccache stands in for it: that cannot look into them, and is faster without. What a
# source forgets to include itself is found by lint, which goes without them too.
PCH ?= $(if $(CLANG)$(findstring ccache,$(realpath $(shell command -v $(CXX)))),,1)
PCH_SRC := $(if $(PCH),$(OUT)/pch/src.hpp.gch)
PCH_HOT := $(if $(filter release,$(FLAVOUR)),$(PCH_SRC:src.hpp.gch=hot.hpp.gch),$(PCH_SRC))
PCH_TEST := $(if $(PCH),$(TEST_OUT)/pch/test.hpp.gch)

HOT_OBJ := $(call objects,$(HOT))
TEST_OBJ := $(call test_objects,$(call sources,test))
COLD_OBJ := $(filter-out $(HOT_OBJ),$(call objects,$(SRC)))

# $(call compile,WHAT,FLAGS,PRECOMPILED HEADER)
define compile
@mkdir -p $(@D)
@echo "  $(1) $<"
@$(CXX) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) $(2) $(if $(3),-Winvalid-pch -include $(3:.gch=)) -MMD -MP -c -o $@ $<
endef

$(COLD_OBJ): $(OUT)/obj/%.o: %.cpp $(OUT)/flags $(PCH_SRC)
	$(call compile,$(MODE),$(SANITIZE) $(OPTIMISE) $(SRC_LTO),$(PCH_SRC))

$(HOT_OBJ): $(OUT)/obj/%.o: %.cpp $(OUT)/flags $(PCH_HOT)
	$(call compile,$(MODE),$(SANITIZE) $(HOT_OPTIMISE) $(SRC_LTO),$(PCH_HOT))

# Catch2's own main: 8 s of compiling, longer when optimised, and nothing in it is ours.
CATCH_OBJ := $(TEST_OUT)/obj/test/support/main.o
$(CATCH_OBJ): $(TEST_OUT)/obj/%.o: %.cpp $(TEST_OUT)/flags
	$(call compile,$(notdir $(TEST_OUT)),-Itest $(TEST_SANITIZE) -O0)

$(filter-out $(CATCH_OBJ),$(TEST_OBJ)): $(TEST_OUT)/obj/%.o: %.cpp $(TEST_OUT)/flags $(PCH_TEST)
	$(call compile,$(notdir $(TEST_OUT)),-Itest $(TEST_SANITIZE) $(TEST_OPTIMISE),$(PCH_TEST))

$(PCH_SRC): src/precompiled.hpp $(OUT)/flags
	$(call compile,$(MODE),$(SANITIZE) $(OPTIMISE) $(SRC_LTO) -x c++-header)

$(filter-out $(PCH_SRC),$(PCH_HOT)): src/precompiled.hpp $(OUT)/flags
	$(call compile,$(MODE),$(SANITIZE) $(HOT_OPTIMISE) $(SRC_LTO) -x c++-header)

$(PCH_TEST): test/precompiled.hpp $(TEST_OUT)/flags
	$(call compile,$(notdir $(TEST_OUT)),-Itest $(TEST_SANITIZE) $(TEST_OPTIMISE) -x c++-header)

-include $(patsubst %.o,%.d,$(COLD_OBJ) $(HOT_OBJ) $(TEST_OBJ))
-include $(patsubst %.gch,%.d,$(PCH_SRC) $(PCH_HOT) $(PCH_TEST))

# --- tests ---------------------------------------------------------------------------------------

# The library goes first, and whole, where it alone is instrumented: of an inline function that both
# it and a test have, the linker takes the first.
first = $(if $(SANITIZE),$(if $(TEST_SANITIZE),,-Wl,--whole-archive $(1) -Wl,--no-whole-archive))
link_test = @echo "  link $@"; $(CXX) $(LDFLAGS_ALL) $(LINK_NO_LTO) -o $@ $(call first,$(filter %.a,$^)) \
  $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

UNIT_TESTS := $(OUT)/test-unit $(OUT)/test-model
OUTSIDE_TESTS := $(OUT)/test-scenario $(OUT)/test-vm
$(OUT)/test-unit: $(call test_objects,$(call sources,test/unit))
$(OUT)/test-model: $(call test_objects,$(call sources,test/model))
$(OUT)/test-scenario: $(call test_objects,$(call sources,test/scenario))
$(OUT)/test-vm: $(call test_objects,$(VM_TESTS) $(VM_HARNESS))
$(UNIT_TESTS) $(OUTSIDE_TESTS): $(SUPPORT_OBJ) $(OUT)/libzinit-internal.a
	$(link_test)

$(OUT)/vm-demo: $(call test_objects,$(VM_DEMO) $(VM_HARNESS)) $(OUT)/libzinit-internal.a
	$(link_test)

.PHONY: unit-tests tests unit test
unit-tests: $(UNIT_TESTS)

tests: all $(UNIT_TESTS) $(if $(SAN),,$(OUTSIDE_TESTS))  ## build the tests of this flavour without running them

unit:  ## run unit and model tests of this flavour; T=NAME as for test
	@MAKE='$(MAKE)' test/run --mode '$(MODE)' --only unit,model --name '$(T)'

# With T or a flavour given, that flavour alone is built and run.
test: deps  ## run all tests, sanitizer builds too; T=NAME: those whose "SUITE: NAME" contains it
	@MAKE='$(MAKE)' test/run $(if $(T)$(SAN)$(DEBUG)$(filter-out g++,$(CXX)),--mode '$(MODE)') \
	  --name '$(T)'

# The test program is that of release for all flavours.
.PHONY: soak
soak: all  ## soak the program of this flavour for T seconds (600)
	@$(MAKE) --no-print-directory SAN= build/release/test-scenario
	@ZINIT_SOAK_SECONDS=$(or $(T),600) ZINIT_BIN='$(CURDIR)/$(OUT)/zinit' \
	  build/release/test-scenario '[soak]'

# --- fuzzing -------------------------------------------------------------------------------------

# clang's libFuzzer and the sources that it looks at, compiled for it alone: build/fuzz. What these
# need of the rest of zinit is that of this flavour, so it need not be named or compiled once more.
# RapidJSON adds to null pointers, which clang's pointer-overflow counts as a fault.
FUZZ_CXX := clang++
FUZZ_FLAGS := -std=c++20 -pthread -O1 -g1 -fno-omit-frame-pointer \
  -fsanitize=fuzzer,address,undefined -fno-sanitize=vptr,pointer-overflow -fno-sanitize-recover=all
FUZZ_SRC := $(wildcard \
    $(foreach room,base model config control supervisor client/libzinit,src/$(room)/*.cpp)) \
  $(foreach name,http_reader notify_message resolver ring ring_memory splitter syslog_message,\
    src/io/$(name).cpp) \
  $(foreach name,cgroup cgroup_tree console kept_descriptors kernel_command_line membership \
    memory_file mount net process program_file spawn state_facts tcp_ports unmount,\
    src/os/$(name).cpp) \
  $(foreach name,daemon_facts kept_config options,src/init/$(name).cpp) src/watch/pidfile.cpp
FUZZ_OBJ := $(FUZZ_SRC:%.cpp=build/fuzz/obj/%.o)
FUZZERS := $(patsubst test/fuzz/%.cpp,build/fuzz/%,$(wildcard test/fuzz/*.cpp))

.PHONY: fuzz fuzzers
fuzz: fuzzers  ## fuzz what reads others' bytes for T seconds each (600)
	@test/fuzz/run $(or $(T),600)

fuzzers: $(FUZZERS)

$(FUZZERS): build/fuzz/%: build/fuzz/obj/test/fuzz/%.o build/fuzz/looked-at.a $(OUT)/libzinit-internal.a
	@echo "  link $@"
	@$(FUZZ_CXX) $(FUZZ_FLAGS) -o $@ $^ $(LIBS)

build/fuzz/looked-at.a: $(FUZZ_OBJ) Makefile
	@rm -f $@; ar rcs $@ $(FUZZ_OBJ)

build/fuzz/src.pch: src/precompiled.hpp Makefile
	@mkdir -p $(@D)
	@$(FUZZ_CXX) $(CPPFLAGS_ALL) $(FUZZ_FLAGS) -x c++-header -MMD -MP -o $@ $<

build/fuzz/obj/%.o: %.cpp build/fuzz/src.pch Makefile
	@mkdir -p $(@D)
	@echo "  fuzz $<"
	@$(FUZZ_CXX) $(CPPFLAGS_ALL) -Itest $(FUZZ_FLAGS) -include-pch build/fuzz/src.pch -MMD -MP -c -o $@ $<

-include build/fuzz/src.d $(FUZZ_OBJ:.o=.d) $(patsubst %,build/fuzz/obj/test/fuzz/%.d,$(notdir $(FUZZERS)))

# --- the boot image ------------------------------------------------------------------------------

.PHONY: run image images
image: build/zinit  ## build the QEMU image of the sample system (build/vm)
	@test/vm/image

images: image  ## build that one, and those of Debian that tests boot: build/vm/debian and, as root, build/vm/disk and build/vm/initramfs
	@test/vm/debian-image
	@test/vm/disk-image
	@test/vm/initramfs-image

# The packages first: whatever else make would run beside their installation needs them.
run: deps  ## boot the sample system in QEMU, show it, leave you at its shell
	@$(MAKE) --no-print-directory image $(OUT)/vm-demo
	@$(OUT)/vm-demo

# --- an initramfs ----------------------------------------------------------------------------------

KERNEL ?= $(shell uname -r)
INITRAMFS ?= build/initramfs-$(KERNEL)

.PHONY: initramfs
initramfs: build/zinit  ## build the initramfs of etc/initramfs for KERNEL=VERSION (this machine's); WITH=PARTS, MODULES=NAMES, ROOT=FOLDER, INITRAMFS=FILE
	@etc/initramfs/build -z build/zinit -r '$(ROOT)' -m '$(MODULES)' '$(KERNEL)' '$(INITRAMFS)' $(WITH)
	@echo "$(INITRAMFS): $$(stat -c %s '$(INITRAMFS)') bytes"

# --- measuring -----------------------------------------------------------------------------------

# What the measurements are made with lies in build/bench, and so do the packages that zinit is
# compared with. A service starts without libc, which is all that its start would measure, and once
# with it.
BENCH := $(addprefix build/bench/,pause bare orphans call reexec flood relay measure)
BENCH_FLAGS := -std=c++20 -O2 $(WARNINGS) -static
build/bench/pause: BENCH_FLAGS += -nostartfiles
build/bench/measure: bench/processes.cpp

.PHONY: bench
bench: image $(BENCH) build/bench/pause-libc  ## measure what doc/performance.md claims; N=ROUNDS (5)
	@bench/fetch
	@bench/run $(N)
	@bench/proxies $(N)
	@bench/boot $(N)

build/bench/pause-libc: bench/pause.cpp bench/report.hpp
	@mkdir -p $(@D)
	@echo "  bench $< with libc"
	@$(CXX) $(filter-out -static,$(BENCH_FLAGS)) -DWITH_LIBC -o $@ $<

$(BENCH): build/bench/%: bench/%.cpp $(wildcard bench/*.hpp)
	@mkdir -p $(@D)
	@echo "  bench $<"
	@$(CXX) $(BENCH_FLAGS) -o $@ $(filter %.cpp,$^)

# --- looking over the code -----------------------------------------------------------------------

# Lint parses with clang: it alone checks the lock annotations.
LINT_OK := $(patsubst src/%.cpp,build/lint/%.ok,$(SRC))
LINT_CXX := clang++ -fsyntax-only -Wthread-safety

.PHONY: lint lint-clang format
lint:  ## clang with -Wthread-safety, rooms, comments, widths, man pages, hardening of build/zinit
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
  $(CPPFLAGS_ALL) -Itest $(CXXFLAGS_ALL) $(OPTIMISE) -c $(1))"}

build/compile_commands.json: $(OUT)/flags $(ALL_SOURCES)
	@mkdir -p $(@D)
	@: $(file >$@,[)$(foreach s,$(wordlist 2,9999,$(ALL_SOURCES)),$(file >>$@,$(call command,$s)$(comma)))
	@: $(file >>$@,$(call command,$(firstword $(ALL_SOURCES))))$(file >>$@,])

# --- what must be there --------------------------------------------------------------------------

# Debian 12's names. With git and make this is all that building, testing and `make run` need; what
# the boot images hold is downloaded by the scripts of test/vm and never installed here.
BUILD_DEPS := g++ libev-dev libc-ares-dev libhttp-parser-dev libtoml11-dev rapidjson-dev \
  libexpected-dev libfmt-dev
TEST_DEPS := catch2 clang libclang-rt-14-dev mandoc qemu-system-x86 cpio busybox socat \
  mmdebstrap e2fsprogs linux-headers-cloud-amd64

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
	for h in $(wildcard include/zinit/*); do \
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
