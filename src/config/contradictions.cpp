// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds keys of a service file that contradict each other.
#include "config/section_reader.hpp"
#include "config/shell_words.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "base/environment.hpp"
#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "model/endpoint.hpp"
#include "model/listen_address.hpp"
#include "model/reason.hpp"
#include "schedule/calendar.hpp"
#include "schedule/cron.hpp"

namespace zinit {

namespace {

/// Whether a path leads to a file that the opening process already has open.
bool is_own_output(std::string_view path) {
  if (path == "/dev/stdout" || path == "/dev/stderr") return true;
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{"/proc/self/fd/", "/dev/fd/", "/proc/1/fd/"},
      [&](std::string_view folder) { return path.starts_with(folder); });
}

/// Checks one service.
class Contradictions {
 public:
  Contradictions(const Value& document, const SectionReader& reader, const ServiceSpec& spec,
                 Findings& findings)
      : document_(document), reader_(reader), spec_(spec), findings_(findings) {}

  void find() {
    const Lifecycle& lifecycle = spec_.lifecycle;
    if (spec_.oneshot && lifecycle.restart == RestartPolicy::always) {
      refuse("lifecycle", "restart",
             "\"always\" cannot be used with service.oneshot, must be \"on-failure\" or \"never\"");
    }
    if (lifecycle.restart_delay_max < lifecycle.restart_delay) {
      refuse("lifecycle", "restart_delay_max_ms",
             fmt::format("{} is less than restart_delay_ms, must be at least {}",
                         lifecycle.restart_delay_max.count(), lifecycle.restart_delay.count()));
    }
    if (spec_.reload_signal != 0 && !spec_.reload_exec->argv.empty())
      refuse("service", "reload_signal", "cannot be used with reload_exec");
    look_at_ready_exec();
    look_at_shell();
    look_at_operators();
    look_at_specifiers();
    look_at_health();
    look_at_logging();
    look_at_readiness();
    look_at_process();
    look_at_resources();
    look_at_socket();
    look_at_triggers();
  }

 private:
  // Both report a fault of a key at its value. If the file does not have the key, they report
  // nothing, because no default contradicts another key.
  void refuse(std::string_view section, std::string_view name, std::string text) {
    tell(Severity::error, section, name, std::move(text));
  }
  void warn(std::string_view section, std::string_view name, std::string text) {
    tell(Severity::warning, section, name, std::move(text));
  }
  void tell(Severity severity, std::string_view section, std::string_view name, std::string text) {
    if (const Member* key = key_of(document_, section, name))
      findings_.add(severity, key->value.at, fmt::format("{}.{}", section, name), std::move(text));
  }

  void look_at_ready_exec() {
    if (!spec_.oneshot) return;
    refuse("service", "ready_exec",
           "cannot be used with service.oneshot, which is never ready; write what follows in a "
           "service that requires it");
  }

  /// Signals and messages for the program in exec that would reach a shell in front of it.
  void look_at_shell() {
    const std::string_view text = shell_text(spec_.exec.argv);
    if (!shell_stays(text)) return;
    const bool traps = shell_traps(text);
    if (spec_.reload_signal != 0 && !traps) {
      warn("service", "reload_signal",
           fmt::format("goes to the shell of exec, which {} may end; write exec before the last "
                       "command there, as in \"cd /srv && exec web\"",
                       signal_name(spec_.reload_signal)));
    }
    if (spec_.readiness->way.by == Notify::systemd &&
        spec_.readiness->notify_access == NotifyAccess::main)
      warn("readiness", "notify",
           "zinit accepts messages only from the shell of exec; write exec before the last command "
           "there, as in \"cd /srv && exec web\", or notify_access = \"all\"");
    for (const Member* command :
         {key_of(document_, "service", "reload_exec"), key_of(document_, "service", "stop_exec")}) {
      if (command == nullptr || traps || !mentions_main(command->value)) continue;
      findings_.add(Severity::warning, command->value.at,
                    command == key_of(document_, "service", "stop_exec") ? "service.stop_exec"
                                                                         : "service.reload_exec",
                    "MAINPID is the shell of exec; write exec before the last command there, as in "
                    "\"cd /srv && exec web\"");
    }
  }

  /// Words of commands that only a shell would interpret. Here the program gets them unchanged.
  void look_at_operators() {
    each_key([&](const Key& key, const Value& value) {
      if (!is_command(key) || value.type != ValueType::array || value.array.empty()) return;
      if (value.array.front().type == ValueType::string) return look_at_words(key, value);
      for (const Value& command : value.array) look_at_words(key, command);
    });
  }

  /// Reports the first such word of a command that is an array.
  void look_at_words(const Key& key, const Value& command) {
    constexpr std::string_view kOperators[] = {"|", "||", "&&", "&", ">", ">>", "<", "2>", "2>&1"};
    std::vector<std::string> argv;
    for (const Value& word : command.array) argv.push_back(word.string);
    if (!shell_text(argv).empty()) return;
    for (const Value& word : command.array) {
      const std::string& text = word.string;
      // A word with blanks may be a text in another language, such as a script for awk. A pattern
      // without a folder may be meant for the program, as that of find -name.
      const bool one = text.find_first_of(" \t\n;'\"") == std::string::npos;
      const bool files = text.starts_with('/') && text.find('*') != std::string::npos;
      const bool operates = contains(kOperators, text);
      if (!operates && !(one && (files || !expansion_in(text).empty()))) continue;
      findings_.add(Severity::warning, word.at, full_name(key),
                    fmt::format("{} is an argument here, because no shell reads an array; to "
                                "use a shell, write the command as one string",
                                in_quotes(text)));
      return;
    }
  }

  /// The % sequences of templates, which nothing replaces in the file of a single service. With
  /// `accept`, the sections of its sockets and its log are not those of its instances.
  void look_at_specifiers() {
    if (spec_.is_instance()) return;
    each_key([&](const Key& key, const Value& value) {
      if (!spec_.accepts() || key.section == "socket" || key.section == "logging")
        look_at_specifiers(key, value);
    });
  }

  /// Reports the first one in the value. Returns whether there is any.
  bool look_at_specifiers(const Key& key, const Value& value) {
    const auto in = [&](const Value& one) { return look_at_specifiers(key, one); };
    for (const auto& [name, member] : value.table)
      if (in(member.value)) return true;
    if (std::ranges::any_of(value.array, in)) return true;
    const std::string& text = value.string;
    for (std::size_t at = text.find('%'); at < text.size(); at = text.find('%', at + 2)) {
      const std::string_view found = std::string_view(text).substr(at, 2);
      if (found != "%n" && found != "%i") continue;
      // In commands, as in `date +%n`, it may mean something else than a part of a name.
      const bool joined =
          at > 0 && std::string_view("/@=-").find(text[at - 1]) != std::string_view::npos;
      if (is_free_text(key) || (is_command(key) && !joined)) return false;
      findings_.add(Severity::warning, value.at, full_name(key),
                    fmt::format("{} stays as it is, because this file is no template, NAME@.toml; "
                                "write the name itself",
                                in_quotes(found)));
      return true;
    }
    return false;
  }

  static bool is_command(const Key& key) {
    return key.type == Type::command || key.type == Type::commands ||
           key.type == Type::condition_exec;
  }
  /// A text for people, or one whose reader is not known.
  static bool is_free_text(const Key& key) {
    return key.type == Type::string || key.type == Type::strings;
  }

  /// Calls `look` with each known key of the file's sections, and its value.
  template <class Look>
  void each_key(Look look) {
    for (const std::string_view section : known_sections()) {
      const Member* const found = section_of(document_, section);
      if (found == nullptr) continue;
      for (const auto& [name, member] : found->value.table)
        if (const Key* const key = find_key(section, name)) look(*key, member.value);
    }
  }

  static bool mentions_main(const Value& command) {
    if (command.string.find("MAINPID") != std::string::npos) return true;
    return std::ranges::any_of(command.array, mentions_main);
  }

  void look_at_health() {
    const Member* health = section_of(document_, "health");
    if (health == nullptr) return;
    if (spec_.oneshot) {
      findings_.add(Severity::error, health->at, "health",
                    "cannot be used with service.oneshot: a oneshot is not probed");
    }
    const Member* type = key_of(document_, "health", "type");
    if (type == nullptr) {
      findings_.add(Severity::error, health->at, "health.type",
                    "is missing, must be " + allowed_text(*find_key("health", "type")));
    }
    if (type == nullptr || !reader_.stored("health", "type")) return;
    const ProbeType kind = spec_.health->type;
    const bool command = kind == ProbeType::exec;
    const std::string of_type = "the type " + in_quotes(type->value.string);
    const std::string needed = command ? "exec" : "endpoint";
    if (key_of(document_, "health", needed) == nullptr) {
      findings_.add(Severity::error, type->value.at, "health." + needed,
                    fmt::format("is missing, {} needs it", of_type));
    }
    refuse("health", command ? "endpoint" : "exec", "cannot be used with " + of_type);
    if (kind != ProbeType::http) refuse("health", "status", "cannot be used with " + of_type);
    if (!command && reader_.stored("health", "endpoint")) look_at_endpoint(kind);
  }

  void look_at_endpoint(ProbeType kind) {
    const std::string& text = spec_.health->endpoint;
    const auto parsed =
        kind == ProbeType::http ? parse_http_endpoint(text) : parse_tcp_endpoint(text);
    if (!parsed) refuse("health", "endpoint", in_quotes(text) + " " + parsed.error());
  }

  void look_at_logging() {
    if (spec_.logging->file.empty()) {
      for (const std::string_view name : {"file_max_bytes", "file_keep"})
        warn("logging", name, "has no effect without file");
    }
    if (is_own_output(spec_.logging->file))
      refuse("logging", "file",
             fmt::format("{} is no file, but an output of zinit's own; write console = \"raw\" for "
                         "lines as they are, or console = true",
                         in_quotes(spec_.logging->file)));
    // With `tty`, the output of commands other than the main process is still captured.
    const bool has_lines = spec_.tty->empty() || !spec_.pre_exec->empty() ||
                           !spec_.ready_exec->empty() || !spec_.post_exec->empty() ||
                           !spec_.stop_exec->argv.empty() || !spec_.reload_exec->argv.empty() ||
                           !spec_.check_exec->argv.empty() ||
                           key_of(document_, "health", "exec") != nullptr;
    if (has_lines) return;
    for (const std::string_view name : {"file", "syslog", "forward"}) {
      warn("logging", name, "has no effect with service.tty, whose output is not captured");
    }
  }

  void look_at_readiness() {
    const Readiness& readiness = *spec_.readiness;
    const bool notifies = readiness.way.by != Notify::none;
    if (spec_.oneshot) {
      constexpr const char* text =
          "cannot be used with service.oneshot, which is done when it exits with success";
      if (notifies) refuse("readiness", "notify", text);
      if (!readiness.pidfile.empty()) refuse("readiness", "pidfile", text);
      if (readiness.after > Milliseconds{0}) refuse("readiness", "after_ms", text);
    } else if (notifies && !readiness.pidfile.empty()) {
      refuse("readiness", "pidfile", "cannot be used with notify");
    }
    const Milliseconds limit = spec_.lifecycle.start_timeout;
    if (readiness.after >= limit) {
      refuse(
          "readiness", "after_ms",
          fmt::format("{} is not less than lifecycle.start_timeout_ms, {}: it would never be ready",
                      readiness.after.count(), limit.count()));
    }
    if (readiness.way.by == Notify::systemd) return;
    constexpr const char* text = "requires notify = \"systemd\"";
    if (readiness.notify_access != NotifyAccess::main) refuse("readiness", "notify_access", text);
    if (readiness.fdstore_max > 0) refuse("readiness", "fdstore_max", text);
    if (readiness.watchdog > Milliseconds{0}) refuse("readiness", "watchdog_ms", text);
  }

  void look_at_resources() {
    const Resources& resources = *spec_.resources;
    if (resources.memory_high && resources.memory_max &&
        *resources.memory_high > *resources.memory_max)
      warn("resources", "memory_high", "is above memory_max and has no effect");
  }

  /// Requires at least one of these keys in the section.
  void need_one(const Member* section, std::string_view name,
                std::initializer_list<std::string_view> keys, std::string_view text) {
    if (section == nullptr) return;
    for (const std::string_view key : keys) {
      const Member* found = key_of(document_, name, key);
      const bool nothing =
          found != nullptr && found->value.type == ValueType::array && found->value.array.empty();
      if (found != nullptr && !nothing) return;
    }
    findings_.add(Severity::error, section->at, std::string(name), std::string(text));
  }

  /// Warns of times such as 30 February.
  template <class Expression>
  void look_at_times(std::string_view name, const std::vector<std::string>& texts) {
    const Member* key = key_of(document_, "timer", name);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto spec = Expression::parse(texts[i]);
      if (!spec || spec->next_after(0, TimeZone::utc())) continue;
      const Value& value = key->value;
      findings_.add(Severity::warning, value.array.empty() ? value.at : value.array[i].at,
                    fmt::format("timer.{}", name), in_quotes(texts[i]) + " is never due");
    }
  }

  void look_at_triggers() {
    look_at_times<CalendarSpec>("calendar", spec_.timer->calendar);
    look_at_times<CronSpec>("cron", spec_.timer->cron);
    const Member* timer = section_of(document_, "timer");
    const Member* path = section_of(document_, "path");
    need_one(timer, "timer", {"calendar", "cron", "every_ms", "on_boot_ms"},
             "has no time, must have one of calendar, cron, every_ms and on_boot_ms");
    need_one(path, "path", {"exists", "changed", "directory_not_empty"},
             "has no file, must have one of exists, changed and directory_not_empty");
    if (spec_.timer->on_boot && spec_.timer->calendar.empty() && spec_.timer->cron.empty() &&
        !spec_.timer->every)
      warn("timer", "persistent", "has no effect with on_boot_ms alone: each boot starts it");
    if (!spec_.accepts()) return;
    for (const Member* section : {timer, path})
      if (section != nullptr)
        findings_.add(Severity::error, section->at, section == timer ? "timer" : "path",
                      "cannot be used with socket.accept: only its instances have processes");
  }

  void look_at_socket() {
    const Member* section = section_of(document_, "socket");
    if (section == nullptr) return;
    const SocketSpec& socket = *spec_.socket;
    if (key_of(document_, "socket", "listen") == nullptr) {
      findings_.add(Severity::error, section->at, "socket.listen",
                    "is missing, must be " + allowed_text(*find_key("socket", "listen")));
    }
    const std::size_t names = socket.names.size();
    if (reader_.stored("socket", "listen") && reader_.stored("socket", "names") &&
        names != socket.listen.size()) {
      refuse("socket", "names",
             fmt::format("has {} for {}, must have as many", counted(names, "name"),
                         counted(socket.listen.size(), "address")));
    }
    if (socket.accept) return look_at_accept();
    warn("socket", "max_connections", "has no effect without accept");
    look_at_passed_sockets();
  }

  /// Keys that contradict the sockets that the process itself gets.
  void look_at_passed_sockets() {
    // the first is descriptor 3 (sd_listen_fds(3))
    const int first_free = 3 + static_cast<int>(spec_.socket->listen.size());
    const NotifyWay& way = spec_.readiness->way;
    if (way.by == Notify::newline && way.fd < first_free) {
      refuse("readiness", "notify",
             fmt::format("is the descriptor of a socket of socket.listen, must be at least "
                         "\"{}{}\"",
                         kNotifyFd, first_free));
    }
    for (const std::string& text : spec_.socket->listen) {
      const auto address = parse_listen_address(text);
      if (!address || address->type != ListenType::stream || !address->place.socket.empty())
        continue;
      if (!contains(*spec_.ports, address->place.port)) continue;
      refuse("service", "ports",
             fmt::format("has {}, which zinit itself listens on for {}; take it out",
                         address->place.port, in_quotes(text)));
    }
  }

  /// With `accept`, the instances get the connection, and only they have processes.
  void look_at_accept() {
    if (!spec_.socket->on_demand)
      refuse("socket", "on_demand", "cannot be false with accept: connections start the instances");
    refuse("service", "tty",
           "cannot be used with socket.accept: the connection is the standard streams");
    for (const std::string_view name : {"readiness", "health"}) {
      if (const Member* section = section_of(document_, name))
        findings_.add(Severity::error, section->at, std::string(name),
                      "cannot be used with socket.accept: the service itself has no process");
    }
    if (!reader_.stored("socket", "listen")) return;
    for (const Value& one : key_of(document_, "socket", "listen")->value.array) {
      const auto address = parse_listen_address(one.string);
      if (address && address->type == ListenType::stream) continue;
      findings_.add(
          Severity::error, one.at, "socket.listen",
          in_quotes(one.string) + " cannot be used with accept, which needs stream sockets");
    }
  }

  void look_at_process() {
    const ProcessSettings& process = *spec_.process;
    if (process.priority && (!process.scheduler || !is_realtime(*process.scheduler))) {
      refuse("process", "priority",
             fmt::format("{} requires the scheduler \"fifo\" or \"rr\"", *process.priority));
    }
    if (process.io_class == IoClass::idle && process.io_priority)
      warn("process", "io_priority", "has no effect with io_class \"idle\"");
  }

  const Value& document_;
  const SectionReader& reader_;
  const ServiceSpec& spec_;
  Findings& findings_;
};

}  // namespace

void find_contradictions(const Value& document, const SectionReader& reader,
                         const ServiceSpec& spec, Findings& findings) {
  Contradictions(document, reader, spec, findings).find();
}

}  // namespace zinit
