// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Watches the first second of a service: see first_second.hpp.
#include "client/first_second.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

constexpr std::chrono::microseconds kWatched{1'000'000};

/// Whether its file says how the service shows readiness.
bool shows_readiness(VerbContext& context, const std::string& name) {
  const JsonDocument answer = parse_json(context.client().call("service.get", named(name).text()));
  const JsonValue* config = json_member(answer, "config");
  return config != nullptr && config->IsObject() &&
         (config->HasMember("readiness") || config->HasMember("health"));
}

/// Reports the end of the process that `before` names. After its first second, only an end by
/// itself counts: another request may stop or restart it. Returns the exit status.
int check(VerbContext& context, const ServiceStatus& before) {
  const ServiceStatus now = context.client().status_full(before.name);
  if (now.state == "running" && now.main_pid == before.main_pid) return ExitStatus::done;
  const bool early = now.last_stop_us >= before.last_start_us &&
                     now.last_stop_us <= *before.last_start_us + kWatched.count();
  const bool asked = now.wish == "down" || (now.last_start_us != before.last_start_us &&
                                            now.restart_count == before.restart_count);
  if (!early && asked) return ExitStatus::done;
  std::string end = early ? "was started, and ended within a second: " : "was started, and ended: ";
  if (now.reason && now.reason->type == "left_behind")
    return context.fail(ExitStatus::failed, before.name, end + reason_words(*now.reason));
  end += now.last_exit ? exit_words(*now.last_exit) : "stopped by another request";
  end += fmt::format("; see `zinitctl logs {}`", printable(before.name));
  if (early && !shows_readiness(context, before.name))
    end += ", and give it after_ms in [readiness]";
  return context.fail(ExitStatus::failed, before.name, end);
}

}  // namespace

int watch_first_second(VerbContext& context, const std::vector<ServiceStatus>& started) {
  std::map<std::string, ServiceStatus> watched;
  std::int64_t until_us = 0;  // wall time
  for (const ServiceStatus& status : started) {
    if (status.state != "running" || !status.main_pid || !status.last_start_us) continue;
    watched.emplace(status.name, status);
    const std::int64_t own_us = *status.last_start_us + kWatched.count();
    if (own_us > std::max(until_us, wall_us()) && !shows_readiness(context, status.name))
      until_us = own_us;
  }
  if (watched.empty()) return ExitStatus::done;
  std::vector<std::string> names;
  for (const auto& [name, status] : watched) names.push_back(name);
  bool changed = false;
  const std::uint64_t subscription =
      context.client().subscribe("events.subscribe", JsonParams().add("names", names).text(),
                                 [&](std::string_view, const std::string&) { changed = true; });
  int result = ExitStatus::done;
  const auto check_all = [&] {
    std::erase_if(watched, [&](const auto& one) {
      const int status = check(context, one.second);
      if (result == ExitStatus::done) result = status;
      return status != ExitStatus::done;
    });
  };
  check_all();  // for services that ended before the subscription
  while (!watched.empty() && result == ExitStatus::done) {
    const std::int64_t left_ms = std::min<std::int64_t>((until_us - wall_us()) / 1000, 1000);
    const auto most = context.time_left();
    if (left_ms <= 0 || (most && most->count() <= 0)) break;
    const Milliseconds left(left_ms);
    if (!context.client().dispatch(most ? std::min(*most, left) : left)) break;
    if (std::exchange(changed, false)) check_all();
  }
  context.client().unsubscribe("events.unsubscribe", subscription);
  return result;
}

}  // namespace zinit
