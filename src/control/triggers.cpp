// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What starts a service apart from requests: see triggers.hpp.
#include "control/triggers.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

/// Whether a connection may start the service at all.
bool may_be_started(const ServiceSpec& spec) { return spec.status != StartStatus::ignore; }

std::string words_of(const ProxyView& proxy) {
  const std::string at =
      fmt::format("proxy {} at {}", proxy.spec->name, join(proxy.spec->listen, ", "));
  if (proxy.running) return fmt::format("a connection to {} starts it", at);
  if (proxy.listening)
    return fmt::format("a connection to {} starts it; its file is not in force: {}", at,
                       proxy.error);
  return fmt::format("{} would start it, but does not listen: {}", at, proxy.error);
}

/// Whether the report has a reason of that kind about the service itself.
bool has_own(const WhyReport& report, std::string_view kind) {
  return std::ranges::any_of(report.reasons, [&](const WhyReason& reason) {
    return reason.kind == kind && reason.service == report.name;
  });
}

std::string words_of(const TimerView& timer, const ServiceSpec& spec) {
  std::string what = "is not due any more";
  if (!may_be_started(spec))
    what = "does not start it, because its status is \"ignore\"";
  else if (timer.next_us)
    what = "starts it in " + us_text(*timer.next_us - wall_us());
  return fmt::format("its timer ({}) {}", timer.expression, what);
}

}  // namespace

Triggers::Triggers(const Daemon& daemon) : daemon_(daemon) {
  for (ProxyView& proxy : daemon.proxies()) {
    std::vector<ProxyView>& those = proxies_[proxy.spec->service];
    those.push_back(std::move(proxy));
  }
}

std::vector<std::string> Triggers::proxies_of(const std::string& service) const {
  std::vector<std::string> names;
  for (const ProxyView& proxy : before(service)) names.push_back(proxy.spec->name);
  return names;
}

std::vector<std::string> Triggers::sockets_of(const std::string& service) const {
  return daemon_.sockets_of(service).open;
}

std::string Triggers::fault_of_sockets(const std::string& service) const {
  const std::string error = daemon_.sockets_of(service).error;
  return error.empty() ? error : fmt::format("its sockets are not all open: {}", error);
}

std::vector<std::string> Triggers::addresses_for(const ServiceSpec& spec) const {
  if (!may_be_started(spec)) return {};
  std::vector<std::string> addresses;
  if (spec.starts_by_connection()) addresses = sockets_of(spec.name);
  for (const ProxyView& proxy : before(spec.name)) {
    if (!proxy.listening) continue;
    addresses.insert(addresses.end(), proxy.spec->listen.begin(), proxy.spec->listen.end());
  }
  return addresses;
}

std::optional<std::int64_t> Triggers::next_start_of(const ServiceSpec& spec) const {
  std::optional<std::int64_t> first;
  if (!spec.timer->configured()) return first;
  for (const TimerView& timer : daemon_.timers(spec.name))
    if (timer.next_us) first = std::min(*timer.next_us, first.value_or(*timer.next_us));
  return first;
}

void Triggers::explain(WhyReport& report, const ServiceSpec& spec) const {
  if (std::string fault = fault_of_sockets(spec.name); !fault.empty())
    report.add("socket", std::move(fault));
  if (std::string fault = daemon_.trigger_fault(spec.name); !fault.empty())
    report.add("trigger", std::move(fault));
  if (const TimePoint next = daemon_.next_path_try(spec.name); next != kNever)
    report.add("trigger",
               fmt::format("its [path] is checked {}; if the path still matches, the service is "
                           "started again",
                           countdown_text(ms_between(Clock::now(), next))));
  // Whatever has brought it down, its timer starts it again.
  const bool may_start =
      at_rest(report.state) && !has_own(report, "config") && !has_own(report, "shutdown");
  if (may_start && spec.timer->configured())
    for (const TimerView& timer : daemon_.timers(spec.name))
      report.add("trigger", words_of(timer, spec));
  if (!has_own(report, "wish") || !may_be_started(spec)) return;
  const std::vector<ProxyView>& those = before(spec.name);
  for (const ProxyView& proxy : those) report.add("trigger", words_of(proxy));
  const auto idle = [](const ProxyView& proxy) { return proxy.spec->idle_timeout.count(); };
  if (!those.empty() && std::ranges::all_of(those, idle))
    report.add("trigger", fmt::format("its proxies stop it after {} s without a connection",
                                      idle(*std::ranges::max_element(those, {}, idle))));
  const std::vector<std::string> open = sockets_of(spec.name);
  if (spec.starts_by_connection() && !open.empty())
    report.add("trigger", fmt::format("a connection to {} starts it", join(open, ", ")));
}

const std::vector<ProxyView>& Triggers::before(const std::string& service) const {
  static const std::vector<ProxyView> none;
  const auto found = proxies_.find(service);
  return found == proxies_.end() ? none : found->second;
}

}  // namespace zinit
