// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Unusual boots. With little, nothing, or too much prepared for PID 1: a script of busybox, as the
// first PID 1, prepares the machine and executes zinit. And without services, or with words on the
// kernel's command line: a shell on the console.
#include "vm/machine.hpp"

namespace zinit::vm::prepared {
namespace {

/// Boots a root with one program and the service files only, without a single directory, after this
/// script in it. @return  what the console has shown
std::string console_of_bare_root(const std::string& script, const std::string& dialog) {
  Vm machine({.files = files_in("bare root", {{"/more", script}}), .program = "/prepare"});
  play(machine, dialog);
  return machine.console().text();
}

}  // namespace

SCENARIO("one program and the service files are enough for a boot, on a read-only root too") {
  CHECK_THAT(console_of_bare_root("", "bare root"), !Contains("boot: cannot"));
  CHECK_THAT(
      console_of_bare_root("mkdir dev proc sys run tmp; mount -o remount,ro new /new", "bare root"),
      !Contains("boot: cannot"));
  console_of_bare_root("mount -o remount,ro new /new", "bare root, read-only");
}

SCENARIO("each thing that a kernel lacks costs a line: devtmpfs, cgroup2, /proc beside processes") {
  if (::access("build/vm/module/nofs.ko", F_OK) != 0)
    return test::skip("the headers of the machine's kernel are not installed (make deps)");
  play("lacking", {.program = "/prepare"});
}

SCENARIO("what is mounted is left as it is, and no console or stream is needed") {
  play("mounted", {.program = "/prepare"});
}

SCENARIO("without any service file the machine stays up with a shell on the console") {
  const char* const arguments = GENERATE("", "zinit.config_dir=/nowhere");
  Vm machine({.kernel_arguments = arguments, .bare = true});
  play(machine, "no services");
}

SCENARIO("`emergency`, and a critical service that fails, give a shell, and the boot goes on") {
  Vm machine({.kernel_arguments = "emergency", .files = files_in("emergency"), .bare = true});
  play(machine, "emergency");
}

}  // namespace zinit::vm::prepared
