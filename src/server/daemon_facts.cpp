// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The daemon's facts as text: each is a number, or the text itself.
#include "server/daemon_facts.hpp"

#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

using Number = std::optional<long long>;

/// A fact that consists of an action, a number and the rest of the text.
struct PowerFact {
  PowerAction action;
  long long number;
  std::string rest;
};

Number ns_of(const std::optional<TimePoint>& time) {
  return time ? Number(time->time_since_epoch().count()) : Number();
}
TimePoint time_of(long long ns) { return TimePoint(TimePoint::duration(ns)); }

/// Writes facts into a map, or reads them from one. Each function gets a value, and gives back what
/// its fact says: the same value if it was written. An unset value is written as an empty text, so
/// that an older value does not survive.
class Way {
 public:
  explicit Way(FactMap& to) : to_(&to), from_(to) {}
  explicit Way(const FactMap& from) : from_(from) {}

  void text(std::string_view key, std::string& own) const {
    if (to_ != nullptr) to_->insert_or_assign(std::string(key), own);
    const auto fact = from_.find(key);
    own = fact == from_.end() ? std::string() : fact->second;
  }
  [[nodiscard]] Number number(std::string_view key, Number own) const {
    std::string all = own ? std::to_string(*own) : "";
    text(key, all);
    return parse_integer(all);
  }
  void flag(std::string_view key, bool& own) const {
    own = number(key, own ? Number(1) : Number()).has_value();
  }
  void time(std::string_view key, std::optional<TimePoint>& own) const {
    const Number ns = number(key, ns_of(own));
    own = ns ? std::optional(time_of(*ns)) : std::nullopt;
  }
  /// As one text, with a NUL at the end of each.
  void texts(std::string_view key, std::vector<std::string>& own) const {
    std::string all;
    for (const std::string& one : own) all.append(one).push_back('\0');
    text(key, all);
    own.clear();
    for (const std::string_view one : split(all, '\0'))
      if (!one.empty()) own.emplace_back(one);
  }
  [[nodiscard]] std::optional<PowerFact> power(std::string_view key,
                                               const std::optional<PowerFact>& own) const {
    std::string all =
        own ? fmt::format("{} {} {}", static_cast<int>(own->action), own->number, own->rest) : "";
    text(key, all);
    const auto first = all.find(' ');
    const auto second = all.find(' ', first + 1);
    if (second == std::string::npos) return std::nullopt;
    const Number action = parse_integer(all.substr(0, first));
    const Number number = parse_integer(all.substr(first + 1, second - first - 1));
    if (!action || !number || *action < 0 || *action > static_cast<int>(PowerAction::switch_root))
      return std::nullopt;
    return PowerFact{static_cast<PowerAction>(*action), *number, all.substr(second + 1)};
  }

 private:
  FactMap* to_ = nullptr;
  const FactMap& from_;
};

/// The list of all facts.
void copy_facts(const Way& way, DaemonFacts& daemon) {
  way.time("daemon/started", daemon.started);
  way.time("daemon/services_started", daemon.services_started);
  way.time("daemon/end_asked_until", daemon.end_asked_until);
  auto& nofile = daemon.nofile;
  const auto limit = [&](std::string_view key, rlim_t rlimit::*which) {
    return way.number(key, nofile ? Number(static_cast<long long>((*nofile).*which)) : Number());
  };
  const Number soft = limit("daemon/nofile/soft", &rlimit::rlim_cur);
  const Number hard = limit("daemon/nofile/hard", &rlimit::rlim_max);
  if (soft && hard) nofile = rlimit{static_cast<rlim_t>(*soft), static_cast<rlim_t>(*hard)};
  way.text("daemon/program", daemon.program);
  way.flag("daemon/booted", daemon.booted);
  way.flag("daemon/empty_start", daemon.empty_start);
  const Number crashes = way.number("daemon/crashes", daemon.crashes);
  daemon.crashes = static_cast<std::uint32_t>(crashes.value_or(0));
  const Number shell =
      way.number("daemon/shell", daemon.shell > 0 ? Number(daemon.shell) : Number());
  // kill(2) takes any other number as a group, or as every process.
  const bool is_process = shell && *shell > 0 && std::in_range<pid_t>(*shell);
  daemon.shell = is_process ? static_cast<pid_t>(*shell) : 0;
  std::optional<PowerFact> begun, later;
  if (const auto& own = daemon.shutdown)
    begun = {own->kind, *ns_of(own->until), std::to_string(own->hurried.count())};
  if (begun = way.power("daemon/shutdown", begun); begun)
    daemon.shutdown = {begun->action, time_of(begun->number),
                       Milliseconds{parse_integer(begun->rest).value_or(0)}};
  std::string asker;
  if (const auto& own = daemon.scheduled) {
    later = {own->action, own->at_us, own->message};
    asker = own->asker;
  }
  way.text("daemon/scheduled_by", asker);
  if (later = way.power("daemon/scheduled", later); later)
    daemon.scheduled = {later->action, later->number, later->rest, std::move(asker)};
  way.text("daemon/new_root", daemon.next.root);
  way.text("daemon/new_init", daemon.next.init);
  way.flag("daemon/switched", daemon.switched);
  way.text("daemon/switch_fault", daemon.switch_fault);
  const Number code = way.number("daemon/exit_code", daemon.exit_code);
  daemon.exit_code.reset();
  if (code && *code >= 0 && *code <= 255) daemon.exit_code = static_cast<int>(*code);
  way.flag("daemon/command_alone", daemon.command_alone);
  const auto told = static_cast<long long>(daemon.told_signals);
  daemon.told_signals = static_cast<std::uint64_t>(
      way.number("daemon/told_signals", told == 0 ? Number() : Number(told)).value_or(0));
  way.flag("daemon/reload_owed", daemon.reload_owed);
  way.text("daemon/settings", daemon.settings);
  const Number gid = way.number("daemon/socket_gid", daemon.socket_gid);
  daemon.socket_gid.reset();
  if (gid && std::in_range<gid_t>(*gid)) daemon.socket_gid = static_cast<gid_t>(*gid);
  way.text("daemon/etc_environment", daemon.etc_environment);
  way.texts("daemon/settings_faults", daemon.settings_faults);
  way.texts("daemon/masked_proxies", daemon.masked_proxies);
  way.texts("daemon/failures", daemon.failures);
}

}  // namespace

void put_daemon(DaemonFacts daemon, FactMap& facts) { copy_facts(Way(facts), daemon); }

DaemonFacts daemon_from(const FactMap& facts) {
  DaemonFacts daemon;
  copy_facts(Way(facts), daemon);
  return daemon;
}

}  // namespace zinit
