// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The settings of a proxy: the contents of a file with [proxy], or the parameters of xinet.set.
// zinit.toml(5) describes the keys. Immutable, and shared by pointer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_identity.hpp"

namespace zinit {

/// The keys of [proxy]: all that decides what a proxy does.
struct ProxyKeys {
  std::string name;
  std::vector<std::string> listen;  // texts for parse_proxy_address(); at least one
  std::string backend;              // likewise
  std::string service;              // name of the service to start for connections
  std::chrono::seconds connect_timeout{30};  // how long a connection is held; > 0
  std::chrono::seconds idle_timeout{0};      // until the service is stopped; 0: never
  bool single_connection = false;
  int proxy_protocol = 0;  // version of HAProxy's header towards the backend; 0: none

  bool operator==(const ProxyKeys&) const = default;
};

struct ProxySpec : ProxyKeys {
  std::string file;                      // path as it was read; empty: set at runtime only
  std::vector<std::string> drop_ins;     // paths of its drop-ins, in the order of their use
  std::vector<FileIdentity> identities;  // of `file`, then of each drop-in, when it was read
  bool vendors = false;  // `file` is a vendor's: a file in /etc/zinit may replace it

  // Faults in its files, as whole messages, FILE:LINE:COLUMN: error: ...
  std::vector<std::string> warnings;
  // With any of these, the spec must not be applied, and may be incomplete. A present proxy of its
  // name, or from its file, stays in force.
  std::vector<std::string> errors;

  [[nodiscard]] bool broken() const noexcept { return !errors.empty(); }

  /// Whether both make a proxy do the same. Files and findings make no difference.
  bool operator==(const ProxySpec& other) const { return ProxyKeys::operator==(other); }
};
using ProxyPtr = std::shared_ptr<const ProxySpec>;

}  // namespace zinit
