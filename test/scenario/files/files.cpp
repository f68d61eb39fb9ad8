// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Service files and settings at boot (zinit.toml(5), "Where files are read", "What a wrong file
// does").
#include "scenario/harness.hpp"
#include "scenario/harness/dialog.hpp"

namespace zinit::test::files_files {
namespace {

TEST_CASE("files and settings at boot: cycles, names of nothing, wrong settings, missing files",
          "[check][files][settings]") {
  CHECK_DIALOGS("files");
}

TEST_CASE("a file that may not be read, or needs what its user lacks, is told and stops nobody",
          "[root][files]") {
  if (geteuid() != 0) return skip("needs root to become someone else");
  Server zinit({.uid = 64123});
  zinit.add("good");
  zinit.add("secret");
  zinit.add("homeless", {.service = "runtime_dir = 'b'"});
  chmod(zinit.config("secret.toml").c_str(), 0);
  zinit.boot({"good"});
  zinit.await_message("secret.toml: Permission denied");
  CHECK(zinit.await_failed("homeless", "spawn_error")["reason"].mentions("runtime_dir"));
}

}  // namespace
}  // namespace zinit::test::files_files
