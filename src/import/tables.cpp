// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Files with a service on each line: /etc/inittab (inittab(5)) and a Procfile.

#include "base/file.hpp"
#include "base/format.hpp"
#include "base/sort.hpp"
#include "base/text.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

/// A name for a command of an inittab: its id, or the name of its program if there is none.
std::string inittab_name(std::string_view id, std::string_view process) {
  const std::string_view program = process.substr(0, process.find_first_of(" \t"));
  return usable_name(id.empty() ? last_part(program) : id);
}

/// One line of an inittab.
struct InittabLine {
  Setting whole;
  std::string id, levels, action, process;

  /// sysinit comes before boot and bootwait, and these come before all lines of a runlevel.
  [[nodiscard]] int phase() const {
    return action == "sysinit" ? 0 : action == "boot" || action == "bootwait" ? 1 : 2;
  }
  [[nodiscard]] bool is_waited_for() const {
    return action == "sysinit" || action == "wait" || action == "bootwait";
  }
};

class InittabReader {
 public:
  InittabReader(std::string path, Imported& to) : path_(std::move(path)), to_(to) {}

  void read(std::string_view text) {
    for_each_line(text, [&](std::string_view line, unsigned number) { take(line, number); });
    sort_by(lines_, &InittabLine::phase);
    for (const InittabLine& line : lines_) make(line);
  }

 private:
  void take(std::string_view line, unsigned number) {
    const std::vector<std::string_view> fields = split(line, ':');
    if (fields.size() < 4)
      return to_.fault(path_, fmt::format("line {} has no four fields", number));
    // The command may contain colons.
    std::string_view process =
        trim(line.substr(static_cast<std::size_t>(fields[3].data() - line.data())));
    const std::string action(fields[2]);
    if (action == "initdefault") default_ = fields[1].substr(0, 1);
    if (action == "initdefault" || action == "off" || process.empty()) return;
    while (process.starts_with('+') || process.starts_with('-')) process.remove_prefix(1);
    lines_.push_back({{"", action, line, number, path_},
                      std::string(fields[0]),
                      std::string(fields[1]),
                      action,
                      std::string(process)});
  }

  void part(const InittabLine& line, std::string_view why) {
    to_.part(path_, fmt::format("line {}: {}", line.whole.line, why));
  }

  void make(const InittabLine& line) {
    const std::string& action = line.action;
    const bool respawns = action == "respawn" || action == "askfirst" || action == "ondemand";
    if (!respawns && action != "once" && action != "boot" && !line.is_waited_for())
      return part(line, fmt::format("{} gets no service here: zinit handles keys, power failures "
                                    "and the shutdown otherwise",
                                    action));
    const bool counts = line.phase() == 2 && !line.levels.empty();
    if (counts && line.levels.find_first_not_of("06") == std::string::npos)
      return part(line, fmt::format("runlevel {} is the end: zinit stops the services, and halts "
                                    "or reboots, by itself",
                                    line.levels));
    Draft draft = new_draft(inittab_name(line.id, line.process),
                            fmt::format("{}:{}", path_, line.whole.line));
    if (respawns) draft.put_text("lifecycle.restart", "always");
    if (!respawns) draft.put_flag("service.oneshot", true);
    // For busybox the id is the terminal.
    if (line.id.starts_with("tty") && line.levels.empty())
      draft.put_text("service.tty", fmt::format("/dev/{}", line.id));
    if (action == "askfirst") draft.remark("askfirst: nobody is asked before it starts");
    const bool starts = action != "ondemand" && (!counts || is_of_boot(line));
    if (!starts) {
      draft.put_text("service.status", "stop");
      draft.remark(fmt::format("runlevel {} is not that of the boot ({}): it is started on request",
                               line.levels, default_.empty() ? "no default runlevel" : default_));
    }
    if (starts && !waited_for_.empty()) draft.put("dependencies.after", words_value({waited_for_}));
    if (starts && line.is_waited_for()) waited_for_ = draft.name();
    draft.carry(line.whole, "service.exec", text_value(line.process));
    to_.add(std::move(draft));
  }

  /// Without a default, init asks for the runlevel at the console.
  [[nodiscard]] bool is_of_boot(const InittabLine& line) const {
    return line.levels.find_first_of(default_.empty() ? "2345" : default_) != std::string::npos;
  }

  const std::string path_;
  Imported& to_;
  std::string default_;     // the runlevel of the boot; empty: not given
  std::string waited_for_;  // the last service for which the following ones wait
  std::vector<InittabLine> lines_;
};

/// Whether a command uses $PORT without a value or default of its own. The runner of a Procfile
/// sets it. `PORT=5 web $PORT` has none: the shell expands the variable before it sets it.
bool needs_port(std::string_view command) {
  for (std::size_t at = command.find("PORT"); at != command.npos;
       at = command.find("PORT", at + 4)) {
    const std::string_view before = command.substr(0, at), rest = command.substr(at + 4);
    const std::size_t end = rest.find_first_of(" ;&");
    const bool sets = rest.starts_with('=') && (before.empty() || before.ends_with(' '));
    const std::string_view then = trim(end == rest.npos ? "" : rest.substr(end));
    if (sets && (before.ends_with("export ") || then.starts_with(';') || then.starts_with("&&")))
      return false;
    if (before.ends_with("${") && !rest.starts_with('-') && !rest.starts_with(":-")) return true;
    if (before.ends_with('$') &&
        (rest.empty() || !is_variable_name(fmt::format("_{}", rest.substr(0, 1)))))
      return true;
  }
  return false;
}

}  // namespace

void import_inittab(const std::string& path, Imported& to) {
  const auto text = read_source(path, to);
  if (!text) return;
  InittabReader(path, to).read(*text);
}

void import_procfile(const std::string& path, Imported& to) {
  const auto text = read_source(path, to);
  if (!text) return;
  const std::string folder = absolute(folder_of(path));
  for_each_line(*text, [&](std::string_view line, unsigned number) {
    const std::size_t colon = line.find(':');
    if (colon == line.npos)
      return to.fault(path, fmt::format("line {} has no NAME: COMMAND", number));
    Draft draft = new_draft(trim(line.substr(0, colon)), fmt::format("{}:{}", path, number));
    const std::string command(trim(line.substr(colon + 1)));
    draft.carry({"", std::string(trim(line.substr(0, colon))), command, number, path},
                "service.exec", text_value(command));
    draft.put_text("service.dir", folder);
    if (path_exists(folder + "/.env")) draft.put_text("service.env_file", folder + "/.env");
    if (draft.name() == "release")
      draft.remark("Heroku starts the others after the end of release; here nothing waits for it");
    if (needs_port(command)) draft.remark("PORT is not set here: write it into env");
    to.add(std::move(draft));
  });
}

}  // namespace zinit
