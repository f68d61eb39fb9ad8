// Finds keys of a service file that contradict each other.
#include "config/section_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/format.hpp"
#include "model/endpoint.hpp"
#include "model/listen_address.hpp"

namespace zinit {

namespace {

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
             "\"always\" contradicts service.oneshot, must be \"on-failure\" or \"never\"");
    }
    if (lifecycle.restart_delay_max < lifecycle.restart_delay) {
      refuse("lifecycle", "restart_delay_max_ms",
             fmt::format("{} is less than restart_delay_ms, must be at least {}",
                         lifecycle.restart_delay_max.count(), lifecycle.restart_delay.count()));
    }
    if (spec_.reload_signal != 0 && !spec_.reload_exec->argv.empty())
      refuse("service", "reload_signal", "stands beside reload_exec, must be one of them");
    look_at_health();
    look_at_logging();
    look_at_readiness();
    look_at_process();
    look_at_resources();
    look_at_socket();
  }

 private:
  // Both report a fault of a key at its value. If the file does not have the key, there is nothing
  // to report: no default contradicts another key.
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

  void look_at_health() {
    const Member* health = section_of(document_, "health");
    if (health == nullptr) return;
    if (spec_.oneshot) {
      findings_.add(Severity::error, health->at, "health",
                    "contradicts service.oneshot: what runs to its end is not probed");
    }
    const Member* type = key_of(document_, "health", "type");
    if (type == nullptr) {
      findings_.add(Severity::error, health->at, "health.type",
                    "is missing, must be " + allowed_text(*find_key("health", "type")));
    }
    if (type == nullptr || !reader_.stored("health", "type")) return;
    const ProbeType kind = spec_.health->type;
    const bool command = kind == ProbeType::exec;
    const std::string of_type = "the type " + quoted(type->value.string);
    const std::string needed = command ? "exec" : "endpoint";
    if (key_of(document_, "health", needed) == nullptr) {
      findings_.add(Severity::error, type->value.at, "health." + needed,
                    fmt::format("is missing, which {} must have", of_type));
    }
    refuse("health", command ? "endpoint" : "exec", "does not go with " + of_type);
    if (kind != ProbeType::http) refuse("health", "status", "does not go with " + of_type);
    if (!command && reader_.stored("health", "endpoint")) look_at_endpoint(kind);
  }

  void look_at_endpoint(ProbeType kind) {
    const std::string& text = spec_.health->endpoint;
    const auto parsed =
        kind == ProbeType::http ? parse_http_endpoint(text) : parse_tcp_endpoint(text);
    if (!parsed) refuse("health", "endpoint", quoted(text) + " " + parsed.error());
  }

  void look_at_logging() {
    if (spec_.logging->file.empty()) {
      for (const std::string_view name : {"file_max_bytes", "file_keep"})
        warn("logging", name, "stands there without file, and so has no effect");
    }
    // With `tty`, the output of commands other than the main process is captured all the same.
    const bool has_lines = spec_.tty->empty() || !spec_.pre_exec->empty() ||
                           !spec_.post_exec->empty() || !spec_.stop_exec->argv.empty() ||
                           !spec_.reload_exec->argv.empty() ||
                           key_of(document_, "health", "exec") != nullptr;
    if (has_lines) return;
    for (const std::string_view name : {"file", "syslog", "forward"}) {
      warn("logging", name,
           "stands beside service.tty, whose output is not captured, and so has no effect");
    }
  }

  void look_at_readiness() {
    const Readiness& readiness = *spec_.readiness;
    const bool notifies = readiness.way.by != Notify::none;
    if (spec_.oneshot) {
      constexpr const char* text = "contradicts service.oneshot, whose good end is what counts";
      if (notifies) refuse("readiness", "notify", text);
      if (!readiness.pidfile.empty()) refuse("readiness", "pidfile", text);
    } else if (notifies && !readiness.pidfile.empty()) {
      refuse("readiness", "pidfile", "stands beside notify, must be one of them");
    }
    if (readiness.way.by == Notify::systemd) return;
    constexpr const char* text = "goes with notify = \"systemd\" alone";
    if (readiness.notify_access != NotifyAccess::main) refuse("readiness", "notify_access", text);
    if (readiness.fdstore_max > 0) refuse("readiness", "fdstore_max", text);
    if (readiness.watchdog > Milliseconds{0}) refuse("readiness", "watchdog_ms", text);
  }

  void look_at_resources() {
    const Resources& resources = *spec_.resources;
    if (resources.memory_high && resources.memory_max &&
        *resources.memory_high > *resources.memory_max)
      warn("resources", "memory_high", "is above memory_max, and so has no effect");
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
             fmt::format("has {} names, must have one for each of {} addresses", names,
                         socket.listen.size()));
    }
    if (socket.accept) return look_at_accept();
    warn("socket", "max_connections", "stands there without accept, and so has no effect");
    look_at_passed_sockets();
  }

  /// What is at odds with the sockets that the process itself gets.
  void look_at_passed_sockets() {
    // The first is descriptor 3 (sd_listen_fds(3)).
    const int first_free = 3 + static_cast<int>(spec_.socket->listen.size());
    const NotifyWay& way = spec_.readiness->way;
    if (way.by == Notify::newline && way.fd < first_free) {
      refuse("readiness", "notify",
             fmt::format("has the number of one of the sockets of socket.listen, must be at least "
                         "\"{}{}\"",
                         kNotifyFd, first_free));
    }
    for (const std::string& text : spec_.socket->listen) {
      const auto address = parse_listen_address(text);
      if (!address || address->type != ListenType::stream || !address->place.socket.empty())
        continue;
      if (std::ranges::find(*spec_.ports, address->place.port) == spec_.ports->end()) continue;
      refuse("service", "ports",
             fmt::format("has {}, on which zinit itself listens for {}, must not have it",
                         address->place.port, quoted(text)));
    }
  }

  /// With `accept` the instances have the connection, and only they have processes.
  void look_at_accept() {
    if (!spec_.socket->on_demand)
      refuse("socket", "on_demand", "contradicts accept: connections start the instances");
    refuse("service", "tty",
           "contradicts socket.accept, by which the connection is the standard streams");
    for (const std::string_view name : {"readiness", "health"}) {
      if (const Member* section = section_of(document_, name))
        findings_.add(Severity::error, section->at, std::string(name),
                      "contradicts socket.accept: the service itself has no process");
    }
    if (!reader_.stored("socket", "listen")) return;
    for (const Value& one : key_of(document_, "socket", "listen")->value.array) {
      const auto address = parse_listen_address(one.string);
      if (address && address->type == ListenType::stream) continue;
      findings_.add(Severity::error, one.at, "socket.listen",
                    quoted(one.string) + " contradicts accept, which takes connections of streams");
    }
  }

  void look_at_process() {
    const ProcessSettings& process = *spec_.process;
    if (process.priority && (!process.scheduler || !is_realtime(*process.scheduler))) {
      refuse("process", "priority",
             fmt::format("{} goes with the scheduler \"fifo\" or \"rr\" alone", *process.priority));
    }
    if (process.io_class == IoClass::idle && process.io_priority)
      warn("process", "io_priority", "the io_class \"idle\" has no priorities: ignored");
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
