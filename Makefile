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
#   make CXX=aarch64-linux-gnu-g++   build/aarch64-linux-gnu-release, for that architecture
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
# What a cross compiler's name begins with, and those of the tools that go with it: the prefix of
# aarch64-linux-gnu-g++ or .../aarch64-linux-gnu-g++-12; nothing for g++ and clang++.
COMPILER_NAME := $(notdir $(firstword $(foreach word,$(CXX),$(if $(findstring ++,$(word)),$(word)))))
TOOLS := $(if $(findstring -g++,$(COMPILER_NAME)),$(firstword $(subst g++, ,$(COMPILER_NAME))))
ifeq ($(origin AR),default)
  AR := $(TOOLS)ar
endif
STRIP ?= $(TOOLS)strip
OBJCOPY ?= $(TOOLS)objcopy
READELF ?= $(TOOLS)readelf

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
  # takes 2 KB as a bit map, where a list takes 176; binutils 2.40 can do so for x86 alone.
  LINK_MODE := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,-O2
  ifeq ($(ARCHITECTURE),x86_64)
    LINK_MODE += -Wl,-z,pack-relative-relocs
  endif
  # With -O2 for all the program has 5.1 MB.
  OPTIMISE := $(if $(DEBUG),-Og -g,-Os -g $(HARDEN))
  # Optimising at link time makes the program 6 % smaller; tests are linked from the same objects,
  # which have both (-ffat-lto-objects). LTO= links in half the time, for work on the code.
  LTO ?= $(if $(DEBUG)$(findstring clang,$(CXX)),,1)
  SRC_LTO := $(if $(LTO),-flto -ffat-lto-objects)
  # In one part, which takes longer and is 30 KB smaller than several that know less of each other.
  LINK_LTO := $(if $(LTO),-flto=auto -flto-partition=one)
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
MODE := $(CLANG)$(TOOLS)$(strip $(FLAVOUR))
OUT := build/$(MODE)

# A test is compiled more often than it is run.
TEST_OPTIMISE := -Og -g1
TEST_SANITIZE := $(if $(filter thread,$(SAN)),$(SANITIZE))
TEST_OUT := build/$(CLANG)$(TOOLS)test$(if $(TEST_SANITIZE),-tsan)

# Third-party headers lie in /usr/include, which compilers take as system headers: no -isystem.
CPPFLAGS_ALL := -Isrc -Iinclude -DZINIT_VERSION='"$(VERSION)"' $(if $(SAN)$(DEBUG),-DZINIT_KILL_POINTS) \
  $(CPPFLAGS)
WERROR ?= -Werror
WARNINGS := -Wall -Wextra -Wshadow -Wconversion $(WERROR)
CXXFLAGS_ALL := -std=c++20 -pthread $(WARNINGS) -ffunction-sections -fdata-sections $(CXXFLAGS)
LDFLAGS_ALL := $(LINK_MODE) -pthread -Wl,--gc-sections $(SANITIZE) $(LDFLAGS)
LIBS := -lev -lcares -lhttp_parser
# The same bytes in whatever folder it is built. No part of the flags that are remembered: a clone
# that is moved need not be built anew.
SAME_PATHS := -ffile-prefix-map=$(CURDIR)=.

# --- sources -------------------------------------------------------------------------------------

# $(call sources,FOLDER): every .cpp below it, sorted so that links are reproducible
sources = $(sort $(shell find $(1) -name '*.cpp' 2>/dev/null))

# Sources of one room are compiled a few at a time, as a group that includes them: what they all
# include is most of the compiler's work. So the names in anonymous namespaces of a room of src
# differ. A group goes by its first source, as obj/src/os/attempts.group.o does. Those that need flags
# of their own are compiled alone, and tests that compare what the server and the client's library say:
# both have names that the other has too.
ALONE := src/main.cpp src/config/modes.cpp test/support/main.cpp \
  $(shell grep -l 'include "control/' test/unit/client_*.cpp)
GROUP := 1 2 3 4 5 6 7 8

# $(call grouped,FOLDER OF OBJECTS,SOURCES OF ONE ROOM): the objects
grouped = $(if $(2),$(call group,$(1)/$(patsubst %.cpp,%.group,$(firstword $(2))),$(wordlist 1,$(words $(GROUP)),$(2))) \
  $(call grouped,$(1),$(wordlist $(words $(GROUP) more),$(words $(2)),$(2))))
# $(call group,STEM,SOURCES): notes what the group STEM consists of, and is the name of its object
group = $(eval MEMBERS_$(1) := $(2))$(1).o
# $(call objects_in,FOLDER OF OBJECTS,SOURCES)
objects_in = $(patsubst %.cpp,$(1)/%.o,$(filter $(ALONE),$(2))) $(foreach room,$(sort $(call room_of,$(2))),\
  $(call grouped,$(1),$(strip $(foreach source,$(filter-out $(ALONE),$(2)),$(if $(filter $(room),$(call room_of,$(source))),$(source))))))
# $(call room_of,SOURCES): their folders; unit tests have the room that they test before a _
room_of = $(foreach source,$(1),$(if $(filter test/unit/%,$(source)),$(firstword $(subst _, ,$(source))),$(dir $(source))))
# $(call remember_groups,OBJECTS): writes down what the groups among them consist of, where it is new
remember_groups = $(shell mkdir -p $(sort $(dir $(1))))$(foreach stem,$(patsubst %.o,%,$(filter %.group.o,$(1))),\
  $(if $(call same,$(strip $(file <$(stem).list)),$(MEMBERS_$(stem))),,$(file >$(stem).list,$(MEMBERS_$(stem)))))
same = $(and $(findstring x$(1)x,x$(2)x),$(findstring x$(2)x,x$(1)x))
test_objects = $(call objects_in,$(TEST_OUT)/obj,$(1))

SRC := $(call sources,src)
TEST_OBJ := $(call test_objects,$(filter-out test/fuzz/%,$(call sources,test)))
SUPPORT_OBJ := $(call test_objects,$(call sources,test/support))
VM_HARNESS := $(call sources,test/vm/harness)
VM_DEMO := $(call sources,test/vm/demo)
VM_TESTS := $(filter-out $(VM_HARNESS) $(VM_DEMO),$(call sources,test/vm))
ALL_SOURCES := $(SRC) $(call sources,test)

# The rooms where what runs for every service, line of output and answer is worth its size, which is
# twice that of the rest.
HOT := $(filter $(addprefix src/,base/% io/% model/% os/% supervisor/% watch/% client/libzinit/% \
  client/verb_list.cpp config/toml_reader.cpp activation/relay.cpp),$(SRC))
# What is there in these rooms for single requests, for start-up and the end, and large: {fmt} itself.
HOT := $(filter-out $(addprefix src/,base/environment.cpp base/format.cpp base/rooted.cpp \
  base/trusted_path.cpp client/libzinit/async_client.cpp client/libzinit/client.cpp \
  client/libzinit/names.cpp client/libzinit/requests.cpp io/dev_log.cpp io/http_reader.cpp \
  io/log_store.cpp io/notify_directory.cpp io/probe.cpp io/resolver.cpp io/sink_table.cpp \
  io/sink_trouble.cpp io/socket_sink.cpp io/syslog_message.cpp io/wall_timer.cpp model/capability.cpp \
  model/endpoint.cpp model/graph.cpp model/listen_address.cpp model/log_target.cpp model/plan.cpp \
  model/reason.cpp model/request.cpp model/spec.cpp model/why.cpp os/attempts.cpp \
  os/call_sites.cpp os/cgroup_resources.cpp os/cgroup_tree.cpp os/conditions.cpp os/console.cpp \
  os/directories.cpp os/disposal.cpp os/kept_descriptors.cpp os/kernel_command_line.cpp \
  os/limits.cpp os/membership.cpp os/mount.cpp os/net.cpp os/power.cpp os/program_file.cpp \
  os/socket_file.cpp os/spawn_settings.cpp os/tcp_ports.cpp os/thread.cpp os/unmount.cpp \
  os/users.cpp os/virtualization.cpp supervisor/board.cpp supervisor/board_services.cpp supervisor/checks.cpp \
  supervisor/conditions.cpp supervisor/janitor.cpp supervisor/journal_read.cpp \
  supervisor/launch.cpp supervisor/launch_plan.cpp supervisor/messages.cpp \
  supervisor/plan_aside.cpp supervisor/reload_report.cpp supervisor/request_report.cpp \
  supervisor/restore.cpp supervisor/service_cgroup.cpp \
  supervisor/side_commands.cpp supervisor/spawn_extras.cpp supervisor/spawn_places.cpp \
  watch/fd_store.cpp watch/pidfile.cpp watch/prober.cpp watch/readiness.cpp \
  watch/readiness_pidfile.cpp),$(HOT))
# What runs in a server at rest, when services come and go, write lines or are asked about: that,
# and some of the rest. It lies together in the program, and so does what it needs of libraries, for
# the kernel maps code in pieces of 64 KiB at least: what a boot alone needs is unmapped after it
# (release_after_boot()) and stays so.
AT_REST := $(filter-out $(addprefix src/,activation/% client/% config/%),$(HOT)) \
  $(filter $(addprefix src/,activation/accepted.cpp activation/service_sockets.cpp \
  base/environment.cpp base/format.cpp base/rooted.cpp config/listing.cpp control/answers.cpp \
  control/changes.cpp control/connection.cpp control/file_changes.cpp control/jsonrpc.cpp \
  control/log_feed.cpp control/methods.cpp control/methods_logs.cpp control/methods_request.cpp \
  control/methods_service.cpp control/params.cpp control/quota.cpp control/server.cpp \
  control/session.cpp control/triggers.cpp control/views.cpp init/critical.cpp init/daemon.cpp \
  init/in_force.cpp init/instances.cpp init/log_output.cpp init/timers.cpp io/log_store.cpp \
  model/reason.cpp model/request.cpp os/disposal.cpp os/kept_descriptors.cpp \
  os/spawn_settings.cpp os/thread.cpp supervisor/board.cpp supervisor/checks.cpp \
  supervisor/conditions.cpp supervisor/janitor.cpp supervisor/launch.cpp \
  supervisor/launch_plan.cpp supervisor/messages.cpp supervisor/request_report.cpp \
  supervisor/service_cgroup.cpp supervisor/side_commands.cpp supervisor/spawn_extras.cpp \
  supervisor/spawn_places.cpp watch/readiness.cpp),$(SRC))
# The members of libraries that it needs, as a linker script names them.
LIBRARIES_AT_REST := $(patsubst %,*libc.a:%.o,accept4 bsd-_setjmp *brk cancellation \
  cleanup_compat clock_gettime clone* close ctype-info cxa_atexit dl-tls epoll_* errno-loc fcntl* \
  fstat* ftruncate64 futex-internal get[acpst]* geteuid kill libc_dlerror_result lowlevellock \
  malloc mem* mmap64 mprotect munmap nptl* open64* opendir pipe2 poll prctl pthread_* read recvmsg \
  res-close resolv_context send setjmp shutdown sig* stat64 strlen* syscall sysconf \
  thread-freeres wait4 waitid waitpid write) *libev.a:ev.o *libm*.a:s_floor* \
  $(patsubst %,*libstdc++.a:%.o,chrono condition_variable del_op* guard hash_bytes \
  hashtable_c++0x list new_op string-inst)
# Single functions of other files, and some that optimising at link time makes functions of their own
# while our objects have them within others: by patterns of their names.
FUNCTIONS_AT_REST := _ZN5zinit*4lookEv _ZN*EmergencyShell*child_ended* _ZN*Graph*find* \
  _ZN*LogStore*watch* _ZN*ProxyChanges*views* _ZN*SocketChanges*view* _ZN5zinit11any_related* \
  _ZN5zinit11template_of* _ZN5zinit7summary* _ZN*5wordsE* _ZN5zinit9rapidjson* \
  _ZNK5zinit9rapidjson* _ZN3fmt* _ZNSt7__cxx1112basic_string* _ZNKSt7__cxx1112basic_string* \
  _ZNSt6vectorINSt7__cxx11* _ZNKSt6ranges9__sort_fn* _ZNSt11__copy_move* _ZStpl*
# Those of them, and the others, are compiled in groups of their own.
split_objects = $(call objects_in,$(OUT)/obj,$(filter $(AT_REST),$(1))) \
  $(call objects_in,$(OUT)/obj,$(filter-out $(AT_REST),$(1)))
HOT_OBJ := $(call split_objects,$(HOT))
COLD_OBJ := $(call split_objects,$(filter-out $(HOT),$(SRC)))
AT_REST_OBJ := $(call objects_in,$(OUT)/obj,$(filter $(AT_REST),$(HOT))) \
  $(call objects_in,$(OUT)/obj,$(filter-out $(HOT),$(AT_REST)))
INTERNAL_OBJ := $(filter-out %/src/main.o,$(HOT_OBJ) $(COLD_OBJ))
CLIENT_OBJ := $(filter $(OUT)/obj/src/base/% $(OUT)/obj/src/client/libzinit/%,$(INTERNAL_OBJ))
HOT_OPTIMISE := $(if $(filter release,$(FLAVOUR)),-O2 -g $(HARDEN),$(OPTIMISE))

ORDER := $(if $(filter release,$(FLAVOUR)),$(OUT)/at-rest.ld)

# --- the program ---------------------------------------------------------------------------------

NAMES := zinitctl zinit-server zinit-pid1 init poweroff reboot halt shutdown

.PHONY: all
ifeq ($(MODE),release)
all: $(if $(LTO),$(if $(filter-out : true,$(STRIP)),size)) $(NAMES:%=build/%)  ## build everything (default); DEBUG=1, SAN=address,undefined, SAN=thread, CXX=clang++
endif
# What is installed.
STRIPPED := $(if $(filter release,$(MODE)),build,$(OUT)/stripped)/zinit
all: $(OUT)/zinit $(STRIPPED) $(NAMES:%=$(OUT)/%) $(OUT)/libzinit.a

# Copied, as install does: strip writes the file in one piece, and a kernel that caches it so maps a
# megabyte where a page is touched, which all counts as resident. With STRIP=: it keeps its symbols.
$(STRIPPED): $(OUT)/zinit
	@mkdir -p $(@D)
	@cp $< $@.stripped && $(STRIP) $@.stripped && cat $@.stripped >$@ && chmod 755 $@ && rm $@.stripped

.PHONY: size
size: build/zinit
	@size=$$(stat -c %s $<); echo "$<: $$size bytes, $(MAX_BYTES) allowed"; \
	[ $$size -le $(MAX_BYTES) ] || { echo "$< is too large" >&2; exit 1; }

$(sort $(NAMES:%=build/%) $(NAMES:%=$(OUT)/%)):
	@mkdir -p $(@D)
	@ln -sf zinit $@

$(OUT)/zinit: $(OUT)/obj/src/main.o $(OUT)/libzinit-internal.a $(ORDER)
	@echo "  link $@"
	@$(CXX) $(LDFLAGS_ALL) $(LINK_LTO) $(if $(LINK_LTO),-ffunction-sections $(SAME_PATHS)) $(ORDER:%=-Wl$(comma)-T$(comma)%) -o $@ $(filter-out $(ORDER),$^) $(LIBS)

# The functions that AT_REST names, one after the other before all others. Those that are made for
# optimising at link time have a suffix. The parts of functions that hardly ever run lie elsewhere,
# in .text.unlikely.
$(OUT)/at-rest.ld: $(AT_REST_OBJ) $(OUT)/at-rest.list
	@{ echo 'SECTIONS { .text.at_rest : {'; \
	  printf '%s(.text .text.*)\n' $(LIBRARIES_AT_REST:%='%'); \
	  printf '*(.text.%s)\n' $(FUNCTIONS_AT_REST:%='%'); \
	  $(READELF) -SW $(AT_REST_OBJ) | sed -n 's/.* \(\.text\._Z[^ ]*\) .*/*(\1 \1.*)/p' | sort -u; \
	  echo '} } INSERT BEFORE .text;'; } >$@

# An archive is made anew: `ar r` would keep members whose source is gone.
$(OUT)/libzinit-internal.a: $(INTERNAL_OBJ) $(OUT)/internal.list
	@rm -f $@; $(AR) rcsD $@ $(INTERNAL_OBJ)

# What is installed of it has code alone. Our objects are for optimising at link time too, which the
# compiler of whoever links with it, another or a later one, would warn of or refuse.
$(OUT)/libzinit.a: $(CLIENT_OBJ) $(OUT)/client.list
	@rm -f $@; $(AR) rcsD $@ $(CLIENT_OBJ)
	@$(OBJCOPY) -D --strip-debug -R '.gnu.lto_*' -R '.gnu.debuglto_*' $@

# --- compiling -----------------------------------------------------------------------------------

# $(call remember,FILE,TEXT): rewrites FILE only where TEXT is new, so what depends on it is rebuilt
# when flags or the list of sources change and not otherwise
define remember
$(shell mkdir -p $(dir $(1)); printf '%s\n' '$(subst ','\'',$(2))' | cmp -s - $(1) || \
  printf '%s\n' '$(subst ','\'',$(2))' >$(1))
endef

SYSCONFDIR ?= /etc
VENDORDIR ?= /usr/lib/zinit

# Not by targets that build nothing, or call make for it: they may be asked for with other flags.
NO_BUILD := help clean deps format lint lint-clang dist install-built uninstall
ifneq ($(filter-out $(NO_BUILD),$(or $(MAKECMDGOALS),all)),)
  COMPILER := $(shell $(CXX) --version | head -n 1) $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) $(PCH)
  $(call remember,$(OUT)/flags,$(COMPILER) $(OPTIMISE) $(HOT_OPTIMISE) $(HOT) $(SANITIZE) $(SRC_LTO) $(LINK_LTO) $(LDFLAGS_ALL) $(LIBS))
  $(call remember,$(TEST_OUT)/flags,$(COMPILER) $(TEST_OPTIMISE) $(TEST_SANITIZE))
  $(call remember,$(OUT)/internal.list,$(INTERNAL_OBJ))
  $(call remember,$(OUT)/client.list,$(CLIENT_OBJ))
  $(call remember,$(OUT)/at-rest.list,$(AT_REST) $(LIBRARIES_AT_REST) $(FUNCTIONS_AT_REST))
  $(call remember,$(OUT)/directories,$(SYSCONFDIR) $(VENDORDIR))
  $(call remember_groups,$(HOT_OBJ) $(COLD_OBJ) $(TEST_OBJ))
endif
$(OUT)/flags $(TEST_OUT)/flags $(OUT)/internal.list $(OUT)/client.list $(OUT)/at-rest.list \
  $(OUT)/directories: ;

# Headers that most sources include, compiled once for each set of flags: half of the compiler's
# work. Not where ccache stands in for it: that cannot look into them, and is faster without. What a
# source forgets to include itself is found by lint, which goes without them too.
PCH ?= $(if $(CLANG)$(findstring ccache,$(realpath $(shell command -v $(CXX)))),,1)
PCH_SRC := $(if $(PCH),$(OUT)/pch/src.hpp.gch)
PCH_HOT := $(if $(filter release,$(FLAVOUR)),$(PCH_SRC:src.hpp.gch=hot.hpp.gch),$(PCH_SRC))
PCH_TEST := $(if $(PCH),$(TEST_OUT)/pch/test.hpp.gch)

# $(call compile,WHAT,FLAGS,PRECOMPILED HEADER): what is compiled is the first of the dependencies,
# and of a group what it includes; g++ would take that for headers, where an anonymous namespace is
# a fault.
define compile
@mkdir -p $(@D)
@echo "  $(1) $(or $(MEMBERS_$(@:.o=)),$<)"
@$(CXX) -I. $(CPPFLAGS_ALL) $(CXXFLAGS_ALL) $(if $(CLANG),,-Wno-subobject-linkage) $(SAME_PATHS) $(2) $(if $(3),-Winvalid-pch -include $(3:.gch=)) -MMD -MP -c -o $@ $<
endef

.SECONDEXPANSION:
build/%.group.cpp: build/%.group.list
	@printf '#include "%s"\n' $(MEMBERS_build/$*.group) >$@
$(TEST_OUT)/obj/test/%.group.cpp: $(TEST_OUT)/obj/test/%.group.list $$(MEMBERS_$(TEST_OUT)/obj/test/$$*.group) test/group
	@test/group $(MEMBERS_$(@:.cpp=)) >$@

# $(call source_of,OBJECT,FOLDER OF OBJECTS)
source_of = $(if $(filter %.group.o,$(1)),$(1:.o=.cpp),$(patsubst $(2)/%.o,%.cpp,$(1)))

$(COLD_OBJ): $$(call source_of,$$@,$(OUT)/obj) $(OUT)/flags $(PCH_SRC)
	$(call compile,$(MODE),$(SANITIZE) $(OPTIMISE) $(SRC_LTO),$(PCH_SRC))

$(HOT_OBJ): $$(call source_of,$$@,$(OUT)/obj) $(OUT)/flags $(PCH_HOT)
	$(call compile,$(MODE),$(SANITIZE) $(HOT_OPTIMISE) $(SRC_LTO),$(PCH_HOT))

# The one source that knows where the program looks for the administrator's and the vendor's files.
MODES_OBJ := $(OUT)/obj/src/config/modes.o
$(MODES_OBJ): $(OUT)/directories
$(MODES_OBJ): private CPPFLAGS_ALL += -DZINIT_CONFIG='"$(SYSCONFDIR)/zinit"' \
  -DZINIT_VENDOR_CONFIG='"$(VENDORDIR)"'

# Catch2's own main: 8 s of compiling, longer when optimised, and nothing in it is ours.
CATCH_OBJ := $(TEST_OUT)/obj/test/support/main.o
$(CATCH_OBJ): test/support/main.cpp $(TEST_OUT)/flags
	$(call compile,$(notdir $(TEST_OUT)),-Itest $(TEST_SANITIZE) -O0)

$(filter-out $(CATCH_OBJ),$(TEST_OBJ)): $$(call source_of,$$@,$(TEST_OUT)/obj) $(TEST_OUT)/flags $(PCH_TEST)
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

.PHONY: unit-tests check-tests tests unit check test
unit-tests: $(UNIT_TESTS)

check-tests: all $(UNIT_TESTS) $(if $(SAN),,$(OUT)/test-scenario)

tests: all $(UNIT_TESTS) $(if $(SAN),,$(OUTSIDE_TESTS))  ## build the tests of this flavour without running them

unit:  ## run unit and model tests of this flavour; T=NAME as for test
	@MAKE='$(MAKE)' test/run --mode '$(MODE)' --only unit,model --name '$(T)'

# Needs the packages of building and Catch2, no network and no root; what cannot be tried where it
# runs is skipped and named.
check:  ## build and run unit, model and scenario tests of this flavour, as a package's build does; T=NAME as for test
	@MAKE='$(MAKE)' test/run --mode '$(MODE)' --only unit,model,scenario --name '$(T)'

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

# clang's libFuzzer, and all sources compiled for it: build/fuzz. RapidJSON adds to null pointers,
# which clang's pointer-overflow counts as a fault.
FUZZ_CXX := clang++
FUZZ_FLAGS := -std=c++20 -pthread -O1 -g1 -fno-omit-frame-pointer \
  -fsanitize=fuzzer,address,undefined -fno-sanitize=vptr,pointer-overflow -fno-sanitize-recover=all
FUZZ_OBJ := $(call objects_in,build/fuzz/obj,$(filter-out src/main.cpp,$(SRC)))
FUZZERS := $(patsubst test/fuzz/%.cpp,build/fuzz/%,$(wildcard test/fuzz/*.cpp))

.PHONY: fuzz fuzzers
fuzz: fuzzers  ## fuzz what reads others' bytes for T seconds each (600)
	@test/fuzz/run $(or $(T),600)

fuzzers: $(FUZZERS)

$(FUZZERS): build/fuzz/%: build/fuzz/obj/test/fuzz/%.o build/fuzz/libzinit-internal.a
	@echo "  link $@"
	@$(FUZZ_CXX) $(FUZZ_FLAGS) -o $@ $^ $(LIBS)

build/fuzz/libzinit-internal.a: $(FUZZ_OBJ) Makefile
	@rm -f $@; $(AR) rcsD $@ $(FUZZ_OBJ)

build/fuzz/src.pch: src/precompiled.hpp Makefile
	@mkdir -p $(@D)
	@$(FUZZ_CXX) $(CPPFLAGS_ALL) $(FUZZ_FLAGS) -x c++-header -MMD -MP -o $@ $<

$(FUZZ_OBJ) $(FUZZERS:build/fuzz/%=build/fuzz/obj/test/fuzz/%.o): $$(call source_of,$$@,build/fuzz/obj) build/fuzz/src.pch Makefile
	@mkdir -p $(@D)
	@echo "  fuzz $(or $(MEMBERS_$(@:.o=)),$<)"
	@$(FUZZ_CXX) -I. $(CPPFLAGS_ALL) -Itest $(FUZZ_FLAGS) -include-pch build/fuzz/src.pch -MMD -MP -c -o $@ $<

ifneq ($(filter fuzz fuzzers build/fuzz/%,$(MAKECMDGOALS)),)
  $(call remember_groups,$(FUZZ_OBJ))
endif
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
  netcat-openbsd jq mmdebstrap e2fsprogs linux-headers-cloud-amd64 pkgconf tzdata

.PHONY: deps
deps:  ## install what is missing of the Debian packages needed (root, only when some are missing)
	@etc='$(BUILD_DEPS) $(TEST_DEPS)'; \
	missing=; \
	for p in $$etc; do \
	  dpkg-query -W -f '$${db:Status-Status} $${Architecture}\n' $$p 2>/dev/null | \
	    grep -Eqx "installed (all|$$(dpkg --print-architecture))" || missing="$$missing $$p"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "not installed:$$missing (as root on Debian 12: make deps)" >&2; exit 0; \
	fi; \
	apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing

# --- installing ----------------------------------------------------------------------------------

# PREFIX= (empty) installs to /sbin and /bin, as an image without merged /usr wants it. The program
# reads $(SYSCONFDIR)/zinit and $(VENDORDIR), whatever PREFIX is: who changes these gives them to
# both make and make install.
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
ZSHCOMPDIR ?= $(DATADIR)/zsh/site-functions
FISHCOMPDIR ?= $(DATADIR)/fish/vendor_completions.d
INSTALL ?= install
SBIN := $(DESTDIR)$(SBINDIR)
BIN := $(DESTDIR)$(BINDIR)
LIB := $(DESTDIR)$(LIBDIR)
INCLUDE := $(DESTDIR)$(INCLUDEDIR)
MAN := $(DESTDIR)$(MANDIR)
DOC := $(DESTDIR)$(DOCDIR)
DOC_PAGES := $(DOC)/doc
EXAMPLES := $(DOC)/examples
PKGCONFIG := $(DESTDIR)$(PKGCONFIGDIR)
BASH_COMPLETION := $(DESTDIR)$(BASHCOMPDIR)/zinitctl
ZSH_COMPLETION := $(DESTDIR)$(ZSHCOMPDIR)/_zinitctl
FISH_COMPLETION := $(DESTDIR)$(FISHCOMPDIR)/zinitctl.fish
CONFIG := $(DESTDIR)$(SYSCONFDIR)/zinit
VENDOR := $(DESTDIR)$(VENDORDIR)
SBIN_NAMES := zinit-server zinit-pid1
INIT_NAMES := init poweroff reboot halt shutdown
MAN_PAGES := $(wildcard man/*.[1-8])
# Names without a page of their own: each a link to the one that tells of it, and only where the
# program's link is installed too, for other packages have pages of these names.
SERVER_PAGES := $(SBIN_NAMES:%=%.8) $(if $(INIT),init.8)
CLIENT_PAGES := $(if $(INIT),$(patsubst %,%.8,$(filter-out init,$(INIT_NAMES))))
DOC_FILES := COPYING COPYING.LGPL-2.1 README.md CHANGELOG.md
# Where service files are looked for; empty as installed.
PLACES := $(foreach folder,system services targets,$(CONFIG)/$(folder) $(VENDOR)/$(folder))

# $(call below_prefix,FOLDER): as pkg-config can move it, with whatever prefix it is told
below_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))

.PHONY: install install-built uninstall
install: all  ## install below DESTDIR and PREFIX (/usr); INIT=1 also init, poweroff, reboot, halt, shutdown; doc/packaging.md has the rest
	@$(MAKE) --no-print-directory install-built

# What is there, without looking whether it is up to date.
install-built:
	$(INSTALL) -D -m 755 $(STRIPPED) $(SBIN)/zinit
	for n in $(SBIN_NAMES) $(if $(INIT),$(INIT_NAMES)); do ln -sf zinit $(SBIN)/$$n || exit 1; done
	$(INSTALL) -d $(BIN) && ln -sfr $(SBIN)/zinit $(BIN)/zinitctl
	$(INSTALL) -D -m 644 $(OUT)/libzinit.a $(LIB)/libzinit.a
	for h in $(wildcard include/zinit/*); do \
	  $(INSTALL) -D -m 644 $$h $(INCLUDE)/zinit/$${h##*/} || exit 1; done
	$(INSTALL) -d $(PKGCONFIG)
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(call below_prefix,$(LIBDIR))' \
	  'includedir=$(call below_prefix,$(INCLUDEDIR))' \
	  'Name: libzinit' 'Description: client of the zinit init system' 'Version: $(VERSION)' \
	  'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lzinit -pthread' >$(PKGCONFIG)/libzinit.pc
	chmod 644 $(PKGCONFIG)/libzinit.pc
	for m in $(MAN_PAGES); do $(INSTALL) -D -m 644 $$m $(MAN)/man$${m##*.}/$${m##*/} || exit 1; done
	for l in $(SERVER_PAGES); do ln -sf zinit.8 $(MAN)/man8/$$l || exit 1; done
	for l in $(CLIENT_PAGES); do ln -sf ../man1/zinitctl.1 $(MAN)/man8/$$l || exit 1; done
	$(INSTALL) -D -m 644 etc/completion/zinitctl.bash $(BASH_COMPLETION)
	$(INSTALL) -D -m 644 etc/completion/_zinitctl $(ZSH_COMPLETION)
	$(INSTALL) -D -m 644 etc/completion/zinitctl.fish $(FISH_COMPLETION)
	for d in $(DOC_FILES); do $(INSTALL) -D -m 644 $$d $(DOC)/$${d##*/} || exit 1; done
	for d in $(wildcard doc/*.md); do $(INSTALL) -D -m 644 $$d $(DOC_PAGES)/$${d##*/} || exit 1; done
	cd etc/zinit && find system services targets -type f -exec \
	  $(INSTALL) -D -m 644 {} $(abspath $(EXAMPLES))/sample/{} \;
	cd etc/zinit/examples && find * -type f -exec \
	  $(INSTALL) -D -m 644 {} $(abspath $(EXAMPLES))/{} \;
	$(INSTALL) -d $(PLACES)
	[ -e $(CONFIG)/zinit.toml ] || $(INSTALL) -m 644 etc/zinit.toml $(CONFIG)/zinit.toml

uninstall:  ## remove what install put there, but not what an administrator has added or changed; INIT=1 as for install
	for n in $(SBIN_NAMES) $(if $(INIT),$(INIT_NAMES)); do \
	  [ "$$(readlink $(SBIN)/$$n)" != zinit ] || rm -f $(SBIN)/$$n; done
	rm -f $(SBIN)/zinit $(BIN)/zinitctl $(LIB)/libzinit.a $(PKGCONFIG)/libzinit.pc
	rm -f $(BASH_COMPLETION) $(ZSH_COMPLETION) $(FISH_COMPLETION)
	rm -rf $(INCLUDE)/zinit $(DOC_PAGES) $(EXAMPLES)
	for l in $(SERVER_PAGES:%=$(MAN)/man8/%) $(CLIENT_PAGES:%=$(MAN)/man8/%); do \
	  case "$$(readlink $$l)" in zinit.8 | ../man1/zinitctl.1) rm -f $$l ;; esac; done
	for m in $(MAN_PAGES); do rm -f $(MAN)/man$${m##*.}/$${m##*/}; done
	for d in $(DOC_FILES); do rm -f $(DOC)/$${d##*/}; done
	! cmp -s etc/zinit.toml $(CONFIG)/zinit.toml || rm -f $(CONFIG)/zinit.toml
	for d in $(DOC) $(PLACES) $(CONFIG) $(VENDOR); do \
	  [ ! -d $$d ] || rmdir --ignore-fail-on-non-empty $$d; done

# --- the sources as an archive -------------------------------------------------------------------

# What is committed: times are those of the commit, and the same commit gives the same bytes.
DIST := zinit-$(VERSION)

.PHONY: dist
dist:  ## pack what git has of the last commit as build/zinit-VERSION.tar.gz
	@mkdir -p build
	@git -c tar.umask=0022 archive --format=tar --prefix=$(DIST)/ HEAD >build/$(DIST).tar
	@gzip -9nf build/$(DIST).tar
	@echo build/$(DIST).tar.gz

# --- the rest ------------------------------------------------------------------------------------

.PHONY: help clean
help:  ## this list
	@awk -F ':.*## ' '/^[a-z_.-]+:.*## / { printf "make %-22s %s\n", $$1, $$2 }' Makefile

clean:  ## remove build/
	rm -rf build
