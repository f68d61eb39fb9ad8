// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What a load of files changes of the proxies, and what is left to do after it. Pure: compares the
// proxies that zinit has with what their files say. proxy_changes.hpp carries it out.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "activation/listeners.hpp"
#include "config/loader.hpp"
#include "supervisor/view.hpp"

namespace zinit {

/// A proxy, with the setting in force.
struct ProxyEntry {
  ProxyPtr spec;
  std::optional<ProxyTable::Place> place{};  // unset: all are taken, and it does not listen
  Listeners listeners{};
  std::string error{};  // why it does not listen as its file says
  bool awaits = false;  // the address is about to become free, see SocketChanges::held()
};
using ProxyEntries = std::map<std::string, ProxyEntry>;  // by name
using ProxyFiles = std::vector<ProxyPtr>;

/// The proxies of files, as a load of `config` sets them. A proxy whose file is wrong or cannot be
/// read keeps its setting, if it has one.
[[nodiscard]] ProxyFiles files_of(const LoadedConfig& config, const ProxyEntries& entries);

/// What that load will do.
[[nodiscard]] ProxyReport plan_of(const LoadedConfig& config, const ProxyEntries& entries);

/// Call it after the load. Moves the proxies of the report that do not work as their files say to
/// `failed`, and adds why to `messages`.
void add_faults(ProxyReport& report, const ProxyEntries& entries);

/// The file of the proxy `name`; null if there is none.
[[nodiscard]] const ProxySpec* file_of(std::string_view name, const ProxyFiles& files) noexcept;

/// Whether a load of `files` makes a proxy leave its addresses.
[[nodiscard]] bool leaves(const ProxyEntry& entry, const ProxyFiles& files) noexcept;

/// Whether another try may put more of `files` in force.
[[nodiscard]] bool worth_a_retry(const ProxyEntries& entries, const ProxyFiles& files) noexcept;

/// Appends the name of the other proxy that listens at the address in `fault`, if there is one.
[[nodiscard]] std::string with_holder(std::string fault, const ProxyEntries& entries,
                                      const std::string& name);

}  // namespace zinit
