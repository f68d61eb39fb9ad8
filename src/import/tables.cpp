// Files with a service on each line: /etc/inittab (inittab(5)) and a Procfile.
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/spec_reader.hpp"
#include "config/value_text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

/// A name for what an inittab runs: its id, or that of its program where there is none.
std::string inittab_name(std::string_view id, std::string_view process) {
  const std::string_view program = process.substr(0, process.find_first_of(" \t"));
  return usable_name(id.empty() ? last_part(program) : id);
}

void take_inittab_line(const Setting& line, Imported& to) {
  const std::vector<std::string_view> fields = split(line.value, ':');
  if (fields.size() < 4)
    return to.fault(line.file, fmt::format("line {} has no four fields", line.line));
  const std::string_view id = fields[0], action = fields[2];
  // The command may have colons.
  const auto begin = static_cast<std::size_t>(fields[3].data() - line.value.data());
  std::string_view process = trim(std::string_view(line.value).substr(begin));
  if (action == "initdefault" || action == "off" || process.empty()) return;
  const bool tty = process.starts_with('-');
  if (process.starts_with('+') || tty) process.remove_prefix(1);
  Draft draft = new_draft(inittab_name(id, process), fmt::format("{}:{}", line.file, line.line));
  const Setting setting{"", std::string(action), line.value, line.line, line.file};
  const bool respawns = action == "respawn" || action == "askfirst" || action == "ondemand";
  const bool once = action == "once" || action == "wait" || action == "sysinit" ||
                    action == "boot" || action == "bootwait";
  if (!respawns && !once) {
    to.part(line.file, fmt::format("line {}: {} has no service here: a key, a power "
                                   "failure or the end is for others to act on",
                                   line.line, action));
    return;
  }
  if (respawns) draft.put_text("lifecycle.restart", "always");
  if (once) draft.put_flag("service.oneshot", true);
  if (action == "ondemand") draft.put_text("service.status", "stop");
  // busybox takes the id for the terminal.
  if (id.starts_with("tty") && fields[1].empty())
    draft.put_text("service.tty", fmt::format("/dev/{}", id));
  if (action == "askfirst") draft.remark("askfirst: nobody is asked before it starts");
  draft.carry(setting, "service.exec", text_value(std::string(process)));
  to.add(std::move(draft));
}

}  // namespace

void import_inittab(const std::string& path, Imported& to) {
  const auto text = read_source(path, to);
  if (!text) return;
  for_each_line(*text, [&](std::string_view line, unsigned number) {
    take_inittab_line({"", "", line, number, path}, to);
  });
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
    if (command.find("PORT") != command.npos)
      draft.remark("PORT is not set here: write it into env");
    to.add(std::move(draft));
  });
}

}  // namespace zinit
