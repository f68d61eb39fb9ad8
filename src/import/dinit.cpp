// Service files of dinit (dinit-service(5)).
#include "base/file.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "config/value_text.hpp"
#include "import/reader.hpp"
#include "import/words.hpp"

namespace zinit {

namespace {

constexpr std::string_view kDinitKeys =
    " command=service.exec stop-command=service.stop_exec working-dir=service.dir "
    "before=dependencies.before after=dependencies.after depends-on=dependencies.requires "
    "depends-ms=dependencies.wants waits-for=dependencies.wants "
    "socket-permissions=socket.mode term-signal=lifecycle.stop_signal "
    "stop-timeout=lifecycle.stop_timeout_ms start-timeout=lifecycle.start_timeout_ms ";

class DinitReader {
 public:
  DinitReader(const std::string& path, Imported& to)
      : to_(to), draft_(new_draft(last_part(path), path)) {}

  void read(const std::string& path) {
    read_file_at(path, 0);
    if (type_.empty()) return to_.fault(path, "has no type, as a file of dinit has");
    const bool target = type_ == "internal" || type_ == "triggered";
    if (type_ == "scripted") draft_.put_flag("service.oneshot", true);
    if (!target && type_ != "scripted" && !restarts_) draft_.put_text("lifecycle.restart", "never");
    to_.add(std::move(draft_));
  }

 private:
  void read_file_at(const std::string& path, int depth) {
    constexpr int deepest = 8;
    const auto text = read_source(path, to_);
    if (!text) return;
    if (depth > deepest) return to_.fault(path, "files include each other too deep");
    std::vector<Setting> settings;
    for_each_line(*text, [&](std::string_view line, unsigned number) {
      if (line.starts_with("@include")) {
        const std::string_view name = trim(line.substr(line.find(' ')));
        const std::string other =
            name.starts_with('/') ? std::string(name) : fmt::format("{}/{}", folder_of(path), name);
        if (path_exists(other) || line.starts_with("@include "))
          return read_file_at(other, depth + 1);
      }
      const std::size_t end = line.find_first_of(":=+");
      const std::size_t value = line.find_first_not_of(":=+ \t", end);
      settings.push_back({"", trim(line.substr(0, end)),
                          value == line.npos ? "" : line.substr(value), number, path});
    });
    // What the rest means depends on the type.
    for (const Setting& one : settings)
      if (one.key == "type") type_ = one.value;
    if (type_ == "internal" || type_ == "triggered") draft_.make_target();
    for (const Setting& one : settings) take(one);
  }

  void take(const Setting& setting) {
    const std::string_view key = setting.key;
    const std::string& value = setting.value;
    if (key == "type") return draft_.met(setting);
    if (key == "description")
      return draft_.carry_text(setting, fmt::format("{}.description", draft_.main_section()),
                               value);
    if (key == "restart") {
      restarts_ = true;
      const auto flag = bool_of(value);
      return draft_.carry_text(setting, "lifecycle.restart",
                               flag == true    ? "always"
                               : flag == false ? "never"
                                               : value);
    }
    if (key == "pid-file") {
      if (type_ == "bgprocess") return draft_.carry_text(setting, "readiness.pidfile", value);
      return draft_.met(setting);
    }
    if (key == "ready-notification" && value.starts_with("pipefd:"))
      return draft_.carry_text(setting, "readiness.notify", "fd:" + value.substr(7));
    if (key == "socket-listen") return draft_.carry_text(setting, "socket.listen", "unix:" + value);
    if ((key == "command" || key == "stop-command") && value.find('$') != std::string::npos) {
      const auto words = split_words(value, Quoting::dinit);
      if (!words.empty())
        return draft_.carry(setting, key == "command" ? "service.exec" : "service.stop_exec",
                            text_value(shell_line(words)));
    }
    if (key.ends_with(".d") && (key.starts_with("depends") || key.starts_with("waits"))) {
      const std::string place =
          value.starts_with('/') ? value : fmt::format("{}/{}", folder_of(setting.file), value);
      const std::vector<std::string> names = names_in_directory(place);
      if (names.empty()) return draft_.met(setting);
      return draft_.carry_words(
          setting, key.starts_with("waits") ? "dependencies.wants" : "dependencies.requires",
          names);
    }
    carry_plain(kDinitKeys, setting, value, draft_);
  }

  Imported& to_;
  Draft draft_;
  std::string type_;
  bool restarts_ = false;
};

}  // namespace

void import_dinit(const std::string& path, Imported& to) { DinitReader(path, to).read(path); }

}  // namespace zinit
