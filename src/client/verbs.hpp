// The table of verbs: what zinitctl can do. --help, the shell completion and zinitctl(1)'s list are
// made of it or checked against it, so a verb is added here and nowhere else.
#pragma once

#include <span>
#include <string_view>

namespace zinit {

class VerbContext;

/// An option of a verb, or one that all have.
struct OptionRow {
  std::string_view names;  // "-n,--lines": short first, then long
  std::string_view value;  // what follows it, "N"; empty for a flag
  std::string_view help;   // one line
};

/// What the arguments of a verb are, for the shell's completion.
enum class Completes { nothing, services, files };

struct VerbRow {
  std::string_view name;
  std::string_view arguments;  // as the usage line has them: "NAME...", "[PATTERN]"; may be empty
  Completes completes = Completes::nothing;
  std::span<const OptionRow> options;
  /// Does it and returns the exit status; may throw ClientError or VerbFailure.
  int (*run)(VerbContext&) = nullptr;
  std::string_view help;  // what it does, one line without a full stop
  std::string_view more;  // more lines of its --help; may be empty

  // How many arguments that means.
  [[nodiscard]] int least() const noexcept;
  [[nodiscard]] int most() const noexcept;  // -1: any number
};

[[nodiscard]] std::span<const VerbRow> verbs() noexcept;

/// Null where there is no such verb.
[[nodiscard]] const VerbRow* find_verb(std::string_view name) noexcept;

/// Options that are accepted before and after every verb.
[[nodiscard]] std::span<const OptionRow> global_options() noexcept;

// The verbs, by the file that they are in.
int run_list(VerbContext& context);            // verb_list.cpp
int run_status(VerbContext& context);          // verb_status.cpp
int run_is_running(VerbContext& context);      // verb_status.cpp
int run_start(VerbContext& context);           // verb_settle.cpp
int run_stop(VerbContext& context);            // verb_settle.cpp
int run_restart(VerbContext& context);         // verb_settle.cpp
int run_wait(VerbContext& context);            // verb_settle.cpp
int run_kill(VerbContext& context);            // verb_system.cpp
int run_reload(VerbContext& context);          // verb_reload.cpp
int run_add_service(VerbContext& context);     // verb_change.cpp
int run_remove_service(VerbContext& context);  // verb_change.cpp
int run_start_all(VerbContext& context);       // verb_change.cpp
int run_stop_all(VerbContext& context);        // verb_change.cpp
int run_delete_all(VerbContext& context);      // verb_change.cpp
int run_isolate(VerbContext& context);         // verb_system.cpp
int run_check(VerbContext& context);           // verb_check.cpp
int run_enable(VerbContext& context);          // verb_enable.cpp
int run_disable(VerbContext& context);         // verb_enable.cpp
int run_mask(VerbContext& context);            // verb_mask.cpp
int run_unmask(VerbContext& context);          // verb_mask.cpp
int run_edit(VerbContext& context);            // verb_edit.cpp
int run_logs(VerbContext& context);            // verb_logs.cpp
int run_events(VerbContext& context);          // verb_events.cpp
int run_why(VerbContext& context);             // verb_why.cpp
int run_tree(VerbContext& context);            // verb_tree.cpp
int run_ping(VerbContext& context);            // verb_system.cpp
int run_shutdown(VerbContext& context);        // verb_system.cpp
int run_poweroff(VerbContext& context);        // verb_system.cpp
int run_reboot(VerbContext& context);          // verb_system.cpp
int run_halt(VerbContext& context);            // verb_system.cpp
int run_debug_state(VerbContext& context);     // verb_system.cpp

/// Has the files read again, as `reload` without a name: the end of verbs that change them.
int reload_files(VerbContext& context);  // verb_reload.cpp

}  // namespace zinit
