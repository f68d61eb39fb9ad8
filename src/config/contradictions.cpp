// What keys of a service's file say against each other.
#include "config/contradictions.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "base/format.hpp"
#include "model/endpoint.hpp"

namespace zinit {

namespace {

/// Looks at one service.
class Contradictions {
 public:
  Contradictions(const Value& document, const SectionReader& reader, const ServiceSpec& spec,
                 Findings& findings)
      : document_(document), reader_(reader), spec_(spec), findings_(findings) {}

  void find() {
    const Lifecycle& lifecycle = spec_.lifecycle;
    if (spec_.oneshot && lifecycle.restart == RestartPolicy::always) {
      contradiction("restart",
                    "\"always\" contradicts service.oneshot, must be \"on-failure\" or "
                    "\"never\"");
    }
    if (lifecycle.restart_delay_max < lifecycle.restart_delay) {
      contradiction(
          "restart_delay_max_ms",
          fmt::format("{} is less than restart_delay_ms, must be at least {}",
                      lifecycle.restart_delay_max.count(), lifecycle.restart_delay.count()));
    }
    const Member* signal = key_of(document_, "service", "reload_signal");
    if (spec_.reload_signal != 0 && !spec_.reload_exec.argv.empty() && signal != nullptr) {
      findings_.add(Severity::error, signal->value.at, "service.reload_signal",
                    "stands beside reload_exec, must be one of them");
    }
    look_at_health();
    look_at_logging();
    look_at_readiness();
    look_at_process();
    look_at_resources();
  }

 private:
  void health_fault(const Member& at, std::string_view name, std::string text) {
    findings_.add(Severity::error, at.value.at, "health." + std::string(name), std::move(text));
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
    const std::string_view needed = command ? "exec" : "endpoint";
    if (key_of(document_, "health", needed) == nullptr) {
      health_fault(
          *type, needed,
          fmt::format("is missing, which the type {} must have", quoted(type->value.string)));
    }
    look_for_other(command ? "endpoint" : "exec", true, type->value.string);
    look_for_other("status", kind != ProbeType::http, type->value.string);
    if (!command && reader_.stored("health", "endpoint"))
      look_at_endpoint(*key_of(document_, "health", "endpoint"), kind == ProbeType::http);
  }

  /// A key that does not go with the type of the health check.
  void look_for_other(std::string_view name, bool refused, std::string_view type) {
    const Member* given = key_of(document_, "health", name);
    if (given == nullptr || !refused) return;
    health_fault(*given, name, fmt::format("does not go with the type {}", quoted(type)));
  }

  void look_at_endpoint(const Member& endpoint, bool http) {
    const std::string& text = endpoint.value.string;
    const auto parsed = http ? parse_http_endpoint(text) : parse_tcp_endpoint(text);
    if (!parsed) health_fault(endpoint, "endpoint", quoted(text) + " " + parsed.error());
  }

  void look_at_logging() {
    for (const std::string_view name : {"file_max_bytes", "file_keep"}) {
      const Member* member = key_of(document_, "logging", name);
      if (member == nullptr || !spec_.logging.file.empty()) continue;
      findings_.add(Severity::warning, member->value.at, "logging." + std::string(name),
                    "stands there without file, and so has no effect");
    }
    // What its other commands print is captured all the same.
    const bool has_lines = spec_.tty.empty() || !spec_.pre_exec.empty() ||
                           !spec_.post_exec.empty() || !spec_.stop_exec.argv.empty() ||
                           !spec_.reload_exec.argv.empty() ||
                           key_of(document_, "health", "exec") != nullptr;
    for (const std::string_view name : {"file", "syslog", "forward"}) {
      const Member* member = key_of(document_, "logging", name);
      if (member == nullptr || has_lines) continue;
      findings_.add(Severity::warning, member->value.at, "logging." + std::string(name),
                    "stands beside service.tty, whose output is not captured, and so has no "
                    "effect");
    }
  }

  void look_at_readiness() {
    const Readiness& readiness = *spec_.readiness;
    const auto refuse = [&](std::string_view name, std::string text) {
      const Member* at = key_of(document_, "readiness", name);
      if (at == nullptr) return;
      findings_.add(Severity::error, at->value.at, "readiness." + std::string(name),
                    std::move(text));
    };
    const bool notifies = readiness.way.by != Notify::none;
    if (spec_.oneshot) {
      constexpr std::string_view text =
          "contradicts service.oneshot, whose good end is what counts";
      if (notifies) refuse("notify", std::string(text));
      if (!readiness.pidfile.empty()) refuse("pidfile", std::string(text));
    } else if (notifies && !readiness.pidfile.empty()) {
      refuse("pidfile", "stands beside notify, must be one of them");
    }
    if (readiness.way.by == Notify::systemd) return;
    constexpr std::string_view text = "goes with notify = \"systemd\" alone";
    if (readiness.notify_access != NotifyAccess::main) refuse("notify_access", std::string(text));
    if (readiness.fdstore_max > 0) refuse("fdstore_max", std::string(text));
    if (readiness.watchdog > Milliseconds{0}) refuse("watchdog_ms", std::string(text));
  }

  void look_at_resources() {
    const Resources& resources = *spec_.resources;
    const Member* high = key_of(document_, "resources", "memory_high");
    if (high == nullptr || !resources.memory_high || !resources.memory_max) return;
    if (*resources.memory_high <= *resources.memory_max) return;
    findings_.add(Severity::warning, high->value.at, "resources.memory_high",
                  "is above memory_max, and so has no effect");
  }

  void look_at_process() {
    const ProcessSettings& process = *spec_.process;
    const Member* priority = key_of(document_, "process", "priority");
    if (process.priority && priority != nullptr &&
        (!process.scheduler || !is_realtime(*process.scheduler))) {
      findings_.add(
          Severity::error, priority->value.at, "process.priority",
          fmt::format("{} goes with the scheduler \"fifo\" or \"rr\" alone", *process.priority));
    }
    const Member* io_priority = key_of(document_, "process", "io_priority");
    if (process.io_class == IoClass::idle && process.io_priority && io_priority != nullptr) {
      findings_.add(Severity::warning, io_priority->value.at, "process.io_priority",
                    "the io_class \"idle\" has no priorities: ignored");
    }
  }

  /// At a key of [lifecycle] that is there: no default contradicts anything.
  void contradiction(std::string_view name, std::string text) {
    findings_.add(Severity::error, key_of(document_, "lifecycle", name)->value.at,
                  "lifecycle." + std::string(name), std::move(text));
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
