// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Remembers closed sockets. See released_addresses.hpp.
#include "activation/released_addresses.hpp"

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// A line for each closed socket: service, its process then, type and address.
constexpr std::string_view kClosedFact = "closed_sockets";

}  // namespace

void ReleasedAddresses::take_over(const FactMap& facts) {
  const auto fact = facts.find(kClosedFact);
  if (fact == facts.end()) return;
  MutexLock lock(mutex_);
  for (const std::string_view line : split(fact->second, '\n')) {
    const auto words = split(line, ' ');
    const auto at = parse_proxy_address(words.back());
    if (words.size() != 4 || !at) continue;
    const auto address = addresses_of(*at);  // in numbers: does not block
    if (!address) continue;
    const std::string service(words[0]);
    closed_.push_back({service,
                       static_cast<pid_t>(parse_integer(words[1]).value_or(-1)),
                       {"processes of " + service, address->front(),
                        static_cast<int>(parse_integer(words[2]).value_or(0))}});
  }
  keep();  // the file of the previous process image may be unusable
}

void ReleasedAddresses::add(const std::string& service, const Listeners& sockets) {
  if (sockets.empty()) return;
  const pid_t main = services_.process(service);
  MutexLock lock(mutex_);
  for (const ListenerPtr& socket : sockets)
    closed_.push_back({service, main, socket->held_by("processes of " + service)});
  keep();
}

void ReleasedAddresses::keep() {
  std::string fact;
  for (const auto& [service, main, socket] : closed_)
    if (const auto family = socket.address.storage.ss_family;
        family == AF_INET || family == AF_INET6)
      fact +=
          fmt::format("{} {} {} {}\n", service, main, socket.type, address_text(socket.address));
  facts_.keep(kClosedFact, fact);
}

void ReleasedAddresses::set_moving(HeldSockets sockets) {
  MutexLock lock(mutex_);
  moving_ = std::move(sockets);
}

bool ReleasedAddresses::is_held(const Closed& one) const {
  const pid_t now = services_.process(one.service);
  return one.main >= 0 && (now == 0 || now == one.main);
}

HeldSockets ReleasedAddresses::held(bool and_moving) const {
  MutexLock lock(mutex_);
  HeldSockets held = and_moving ? moving_ : HeldSockets();
  for (const Closed& one : closed_)
    if (is_held(one)) held.push_back(one.socket);
  return held;
}

bool ReleasedAddresses::forget_gone() {
  MutexLock lock(mutex_);
  const bool any = std::erase_if(closed_, [this](const Closed& one) { return !is_held(one); }) > 0;
  if (any) keep();
  return any;
}

bool ReleasedAddresses::any() const {
  MutexLock lock(mutex_);
  return !closed_.empty();
}

}  // namespace zinit
