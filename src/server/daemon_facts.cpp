// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The daemon's facts as text: each is a number, or the text itself.
#include "server/daemon_facts.hpp"

#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::string_view kSettings = "daemon/settings";
constexpr std::string_view kSettingsFaults = "daemon/settings_faults";
constexpr std::string_view kEtcEnvironment = "daemon/etc_environment";
constexpr std::string_view kMaskedProxies = "daemon/masked_proxies";
constexpr std::string_view kProgram = "daemon/program";
constexpr std::string_view kShell = "daemon/shell";
constexpr std::string_view kBooted = "daemon/booted";
constexpr std::string_view kCrashes = "daemon/crashes";
constexpr std::string_view kExitCode = "daemon/exit_code";
constexpr std::string_view kCommandAlone = "daemon/command_alone";
constexpr std::string_view kToldSignals = "daemon/told_signals";
constexpr std::string_view kSoft = "daemon/nofile/soft";
constexpr std::string_view kHard = "daemon/nofile/hard";
constexpr std::string_view kSwitched = "daemon/switched";
constexpr std::string_view kSwitchFault = "daemon/switch_fault";
constexpr std::string_view kNewRoot = "daemon/new_root";
constexpr std::string_view kNewInit = "daemon/new_init";
constexpr std::string_view kShutdown = "daemon/shutdown";    // "KIND UNTIL HURRIED"
constexpr std::string_view kScheduled = "daemon/scheduled";  // "KIND AT MESSAGE"

struct TimeFact {
  std::string_view key;
  std::optional<TimePoint> DaemonFacts::*time;
};
constexpr TimeFact kTimes[] = {
    {"daemon/started", &DaemonFacts::started},
    {"daemon/services_started", &DaemonFacts::services_started},
    {"daemon/end_asked_until", &DaemonFacts::end_asked_until},
};

void put(FactMap& facts, std::string_view key, std::string value) {
  facts.insert_or_assign(std::string(key), std::move(value));
}

std::string text_of_fact(const FactMap& facts, std::string_view key) {
  const auto fact = facts.find(key);
  return fact == facts.end() ? std::string() : fact->second;
}

std::optional<long long> number_of(const FactMap& facts, std::string_view key) {
  return parse_integer(text_of_fact(facts, key));
}

/// Several texts as one fact, each with a NUL at its end.
std::string one_text(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all.append(text).push_back('\0');
  return all;
}

std::vector<std::string> texts_of_fact(const FactMap& facts, std::string_view key) {
  const std::string all = text_of_fact(facts, key);
  std::vector<std::string> texts;
  for (const std::string_view text : split(all, '\0'))
    if (!text.empty()) texts.emplace_back(text);
  return texts;
}

std::int64_t ns_of(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint time_of(long long ns) { return TimePoint(TimePoint::duration(ns)); }

/// A fact that consists of an action, a number and the rest of the text.
struct PowerFact {
  PowerAction action;
  long long number;
  std::string rest;
};

std::string power_text(PowerAction action, std::int64_t number, std::string_view rest) {
  return fmt::format("{} {} {}", static_cast<int>(action), number, rest);
}

std::optional<PowerFact> power_of(const FactMap& facts, std::string_view key) {
  const std::string text = text_of_fact(facts, key);
  const auto first = text.find(' ');
  const auto second = text.find(' ', first + 1);
  if (second == std::string::npos) return std::nullopt;
  const auto action = parse_integer(text.substr(0, first));
  const auto number = parse_integer(text.substr(first + 1, second - first - 1));
  if (!action || !number || *action < 0 || *action > static_cast<int>(PowerAction::switch_root))
    return std::nullopt;
  return PowerFact{static_cast<PowerAction>(*action), *number, text.substr(second + 1)};
}

}  // namespace

void put_daemon(const DaemonFacts& daemon, FactMap& facts) {
  // Write an empty value for anything unset, so that an older value does not survive.
  for (const TimeFact& row : kTimes) {
    const auto& time = daemon.*row.time;
    put(facts, row.key, time ? std::to_string(ns_of(*time)) : std::string());
  }
  const auto limit = [&](rlim_t rlimit::*which) {
    return daemon.nofile ? std::to_string(static_cast<long long>((*daemon.nofile).*which))
                         : std::string();
  };
  put(facts, kSoft, limit(&rlimit::rlim_cur));
  put(facts, kHard, limit(&rlimit::rlim_max));
  put(facts, kProgram, daemon.program);
  put(facts, kBooted, daemon.booted ? "1" : "");
  put(facts, kCrashes, std::to_string(daemon.crashes));
  put(facts, kShell, daemon.shell > 0 ? std::to_string(daemon.shell) : std::string());
  const auto& shutdown = daemon.shutdown;
  put(facts, kShutdown,
      shutdown ? power_text(shutdown->kind, ns_of(shutdown->until),
                            std::to_string(shutdown->hurried.count()))
               : std::string());
  const auto& scheduled = daemon.scheduled;
  put(facts, kScheduled,
      scheduled ? power_text(scheduled->action, scheduled->at_us, scheduled->message)
                : std::string());
  put(facts, kNewRoot, daemon.next.root);
  put(facts, kNewInit, daemon.next.init);
  put(facts, kSwitched, daemon.switched ? "1" : "");
  put(facts, kSwitchFault, daemon.switch_fault);
  put(facts, kExitCode, daemon.exit_code ? std::to_string(*daemon.exit_code) : std::string());
  put(facts, kCommandAlone, daemon.command_alone ? "1" : "");
  put(facts, kToldSignals,
      daemon.told_signals == 0 ? std::string()
                               : std::to_string(static_cast<std::int64_t>(daemon.told_signals)));
  put(facts, kSettings, daemon.settings);
  put(facts, kEtcEnvironment, daemon.etc_environment);
  put(facts, kSettingsFaults, one_text(daemon.settings_faults));
  put(facts, kMaskedProxies, one_text(daemon.masked_proxies));
}

DaemonFacts daemon_from(const FactMap& facts) {
  DaemonFacts daemon;
  for (const TimeFact& row : kTimes)
    if (const auto ns = number_of(facts, row.key)) daemon.*row.time = time_of(*ns);
  const auto soft = number_of(facts, kSoft);
  const auto hard = number_of(facts, kHard);
  if (soft && hard) daemon.nofile = rlimit{static_cast<rlim_t>(*soft), static_cast<rlim_t>(*hard)};
  daemon.program = text_of_fact(facts, kProgram);
  daemon.booted = number_of(facts, kBooted).has_value();
  daemon.crashes = static_cast<std::uint32_t>(number_of(facts, kCrashes).value_or(0));
  // kill(2) takes any other number as a group, or as every process.
  if (const auto pid = number_of(facts, kShell); pid && *pid > 0 && std::in_range<pid_t>(*pid))
    daemon.shell = static_cast<pid_t>(*pid);
  if (const auto begun = power_of(facts, kShutdown)) {
    const auto hurried = parse_integer(begun->rest);
    daemon.shutdown = {begun->action, time_of(begun->number), Milliseconds{hurried.value_or(0)}};
  }
  if (const auto later = power_of(facts, kScheduled))
    daemon.scheduled = {later->action, later->number, later->rest};
  daemon.next = {text_of_fact(facts, kNewRoot), text_of_fact(facts, kNewInit)};
  daemon.switched = number_of(facts, kSwitched).has_value();
  daemon.switch_fault = text_of_fact(facts, kSwitchFault);
  if (const auto code = number_of(facts, kExitCode); code && *code >= 0 && *code <= 255)
    daemon.exit_code = static_cast<int>(*code);
  daemon.command_alone = number_of(facts, kCommandAlone).has_value();
  daemon.told_signals = static_cast<std::uint64_t>(number_of(facts, kToldSignals).value_or(0));
  daemon.settings = text_of_fact(facts, kSettings);
  daemon.etc_environment = text_of_fact(facts, kEtcEnvironment);
  daemon.settings_faults = texts_of_fact(facts, kSettingsFaults);
  daemon.masked_proxies = texts_of_fact(facts, kMaskedProxies);
  return daemon;
}

}  // namespace zinit
