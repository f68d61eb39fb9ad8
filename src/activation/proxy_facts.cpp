// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Keeps proxies over a re-execution. See proxy_changes.hpp.
#include <algorithm>

#include "activation/proxy_changes.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/proxy_reader.hpp"

namespace zinit {

namespace {

// A fact is the setting in force as JSON, then a line for each open address. After a fault it also
// holds the wanted setting as JSON, and the fault.
constexpr std::string_view kProxyFacts = "proxy/";
constexpr std::string_view kFault = "!";

std::string fact_key(const std::string& name) { return std::string(kProxyFacts) + name; }

}  // namespace

void ProxyChanges::keep_fact(const std::string& name, const Entry& entry) {
  std::string fact;
  if (!entry.spec->broken()) {
    fact = proxy_json(*entry.spec);
    for (const ListenerPtr& listener : entry.listeners) fact += "\n" + listener->address();
    // If the new setting is not available, the old one stays in force until it is.
    const ProxySpec* const file = file_of(name, files_);
    const bool wants = file != nullptr && !file->broken() && *file != *entry.spec;
    if (wants) fact += "\n" + proxy_json(*file);
    if (!entry.error.empty()) fact += "\n" + std::string(kFault) + entry.error;
  }
  parts_.facts.keep(fact_key(name), fact);
}

void ProxyChanges::forget_fact(const std::string& name) { parts_.facts.keep(fact_key(name), {}); }

void ProxyChanges::restore(Inheritance& inherited, const FactMap& facts) {
  if (KeptFd kept = inherited.take(KeptKind::proxy_table)) {
    if (auto table = ProxyTable::take_over(std::move(kept)))
      table_.emplace(*std::move(table));
    else
      log_error("{}", table.error().text);
  }
  std::map<std::string, ListenerPtr> listeners;
  for (Inheritance::One& one : inherited.take_all(KeptKind::proxy_listener))
    if (ListenerPtr listener = take_over_listener(std::move(one.fd)))
      listeners[listener->address()] = std::move(listener);
  auto left = left_connections(inherited);
  std::vector<Proxies::Change> changes;
  each_below(facts, kProxyFacts, [&](std::string_view name, const std::string& fact) {
    const auto lines = split(fact, '\n');
    auto spec = proxy_from_json(lines.front());
    const auto place = spec ? place_for(spec->name) : std::nullopt;
    if (!place) return log_error("proxy {} of the previous process image cannot continue", name);
    Entry entry{std::make_shared<ProxySpec>(*std::move(spec)), place};
    ProxyPtr wanted = entry.spec;
    std::size_t addresses = 0;
    for (const std::string_view line : std::span(lines).subspan(1)) {
      if (line.starts_with(kFault)) {
        entry.error = line.substr(kFault.size());
      } else if (line.starts_with('{')) {
        if (auto other = proxy_from_json(line))
          wanted = std::make_shared<ProxySpec>(*std::move(other));
      } else if (++addresses; const auto found = listeners.extract(std::string(line))) {
        entry.listeners.push_back(found.mapped());
      }
    }
    const bool lacks = addresses == 0 || entry.listeners.size() < addresses;
    if (lacks && entry.error.empty()) entry.error = "it does not listen at all of its addresses";
    if (!wanted->file.empty()) files_.push_back(wanted);
    changes.push_back(change_of(entry));
    changes.back().left = std::move(left[*place]);
    put(std::string(name), std::move(entry));
  });
  // Connections of a removed proxy go on until they end.
  for (auto& [place, connections] : left) {
    if (connections.empty() || !table_) continue;
    const auto unknown = std::make_shared<ProxySpec>();
    unknown->name = table_->name(place);
    const Entry gone{unknown, place};
    changes.push_back(change_of(gone));
    changes.back().left = std::move(connections);
    changes.push_back(removal_of(gone));
  }
  // The previous process image may have ended during a change.
  const auto unclaimed = std::make_shared<Listeners>();
  for (auto& [address, listener] : listeners) unclaimed->push_back(std::move(listener));
  let_go(unclaimed, ++last_);
  if (table_) {
    table_->keep_only([&](ProxyTable::Place place) { return left.contains(place) || used(place); });
  }
  // The load finds out which proxies wait for an address of another proxy.
  if (std::ranges::any_of(entries_, [](const auto& one) { return !one.second.error.empty(); }))
    load();
  if (!changes.empty()) apply(std::move(changes), {});
}

}  // namespace zinit
