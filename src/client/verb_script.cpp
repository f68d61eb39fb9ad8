// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl script: runs Lua with zinit's methods.
#include <unistd.h>

#include "client/script/script.hpp"
#include "client/script/time_limit.hpp"
#include "client/verbs.hpp"

namespace zinit {

int run_script(VerbContext& context) {
  std::vector<std::string> words = context.arguments.rest;
  const TimeLimit limit(context.time_left());
  Script script(context);
  if (context.arguments.has("e")) {
    script.set_arguments("-e", words);
    script.run_text(context.arguments.value("e"), "=-e");
    return ExitStatus::done;
  }
  if (words.empty() && ::isatty(STDIN_FILENO) == 1) {
    script.set_arguments("", {});
    script.prompt();
    return ExitStatus::done;
  }
  const std::string file = words.empty() ? "-" : words.front();
  if (!words.empty()) words.erase(words.begin());
  script.set_arguments(file, words);
  script.run_file(file == "-" ? "" : file);
  return ExitStatus::done;
}

}  // namespace zinit
