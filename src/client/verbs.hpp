// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of zinitctl's verbs. It defines the command line and --help; tests compare the shell
// completion and zinitctl(1) with it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

struct Key;
class VerbContext;

/// An option of a verb or of another command.
struct OptionRow {
  std::string_view names;  // short name, long name: "-n,--lines"; or only one of them
  // The name of its value, "N"; empty: no value. With "..." at the end, each further word that
  // contains a colon is another value: addresses contain a colon, names do not.
  std::string_view value;
  std::string_view help;  // one line
};

/// How the shell completes the arguments of a verb.
enum class Completes {
  nothing,
  services,
  startable,          // services that are down
  active,             // services that are not down
  files_of_services,  // services, and templates
  targets,
  proxies,
  files,
  keys,      // keys of service files
  settings,  // KEY=VALUE of these keys, then -- and a command
};

struct VerbRow {
  std::string_view name;       // two words in a family of verbs: "xinet list"
  std::string_view arguments;  // for the usage line: "NAME...", "[PATTERN]"; may be empty
  Completes completes = Completes::nothing;
  std::span<const OptionRow> options;
  /// Carries the verb out and returns the exit status. May throw ClientError or VerbFailure.
  int (*run)(VerbContext&) = nullptr;
  std::string_view help;  // what it does, in one line without a full stop
  std::string_view more;  // more lines for its --help; may be empty

  // The least and the most arguments.
  [[nodiscard]] int least() const noexcept;
  [[nodiscard]] int most() const noexcept;  // -1: any number
};

[[nodiscard]] std::span<const VerbRow> verbs() noexcept;

/// Null if there is no such verb.
[[nodiscard]] const VerbRow* find_verb(std::string_view name) noexcept;

/// The second words of a family's verbs: "set", "list"; empty if there is no such family.
[[nodiscard]] std::vector<std::string_view> verbs_of_family(std::string_view family);

/// The name of the option that gives a key of [proxy] its value: "idle-timeout".
[[nodiscard]] std::string option_of(const Key& key);

/// Options that are accepted before and after every verb.
[[nodiscard]] std::span<const OptionRow> global_options() noexcept;

// The functions of the verbs.
#define ZINIT_VERB(function, ...) int function(VerbContext& context);
#include "client/verbs.inc"
#undef ZINIT_VERB

/// Does the same as `reload`, or with names `reload --only`; if `waits`, also as `--wait`.
int reload_files(VerbContext& context, const std::vector<std::string>& only, bool waits);
/// Asks before a reload if it would restart or stop services: see question.hpp.
void ask_before_reload(VerbContext& context, const std::vector<std::string>& only);

}  // namespace zinit
