// The table of the verbs of zinitctl. The command line is parsed by it and --help is made from it;
// tests compare the shell completion and zinitctl(1) with it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zinit {

class VerbContext;

/// An option of a verb or of another command.
struct OptionRow {
  std::string_view names;  // the short name, then the long one: "-n,--lines", or one of them
  // What its value is called, "N"; empty if it takes none. With "..." at the end, each word with a
  // colon that follows the value is another one: an address has one, and no name.
  std::string_view value;
  std::string_view help;  // one line
};

/// What the shell is to complete the arguments of a verb with.
enum class Completes {
  nothing,
  services,
  startable,          // services that are down
  active,             // services that are not
  files_of_services,  // services, and templates
  targets,
  proxies,
  files,
  keys,  // of service files
};

struct VerbRow {
  std::string_view name;       // of a family of verbs, two words: "xinet list"
  std::string_view arguments;  // as in the usage line, "NAME...", "[PATTERN]"; may be empty
  Completes completes = Completes::nothing;
  std::span<const OptionRow> options;
  /// Carries it out and returns the exit status. May throw ClientError or VerbFailure.
  int (*run)(VerbContext&) = nullptr;
  std::string_view help;  // what it does, in one line without a full stop
  std::string_view more;  // further lines for its --help; may be empty

  // How many arguments it needs and takes.
  [[nodiscard]] int least() const noexcept;
  [[nodiscard]] int most() const noexcept;  // -1: any number
};

[[nodiscard]] std::span<const VerbRow> verbs() noexcept;

/// Null if there is no such verb.
[[nodiscard]] const VerbRow* find_verb(std::string_view name) noexcept;

/// The verbs of a family, by their second words: "set", "list"; none if there is no such family.
[[nodiscard]] std::vector<std::string_view> verbs_of_family(std::string_view family);

/// Options that are accepted before and after every verb.
[[nodiscard]] std::span<const OptionRow> global_options() noexcept;

// The functions of the verbs.
#define ZINIT_VERB(function, ...) int function(VerbContext& context);
#include "client/verbs.inc"
#undef ZINIT_VERB

/// Does what `reload` does, or with names `reload --only`.
int reload_files(VerbContext& context, const std::vector<std::string>& only);
/// Asks before that, if something would be restarted or stopped: see question.hpp.
void ask_before_reload(VerbContext& context, const std::vector<std::string>& only);

}  // namespace zinit
