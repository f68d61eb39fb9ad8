// What a proxy is to do: the contents of a file with [proxy], or the parameters of xinet.set.
// zinit.toml(5) describes the keys. Immutable, and shared by pointer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace zinit {

struct ProxySpec {
  std::string name;
  std::string file;                   // path as it was read; empty for one set at runtime only
  std::vector<std::string> drop_ins;  // paths of its drop-ins, in the order in which they apply
  bool vendors = false;               // `file` is a vendor's: one in /etc/zinit may replace it
  std::vector<std::string> listen;    // texts that parse_proxy_address() takes; at least one
  std::string backend;                // likewise
  std::string service;                // the name of the service that is started for connections
  std::chrono::seconds connect_timeout{30};  // how long a connection is held; > 0
  std::chrono::seconds idle_timeout{0};      // until the service is stopped; 0: never
  bool single_connection = false;
  int proxy_protocol = 0;  // version of HAProxy's header towards the backend; 0: none

  // What was found wrong with its files, as whole messages, FILE:LINE:COLUMN: error: ...
  std::vector<std::string> warnings;
  // If there are any, the spec must not be applied, and may lack what a spec needs. One of its
  // name, or from its file, that is in force stays so.
  std::vector<std::string> errors;

  [[nodiscard]] bool broken() const noexcept { return !errors.empty(); }

  /// Whether a proxy does the same by both. Where they were read from, and what was found wrong
  /// there, makes no difference.
  bool operator==(const ProxySpec& other) const {
    return name == other.name && listen == other.listen && backend == other.backend &&
           service == other.service && connect_timeout == other.connect_timeout &&
           idle_timeout == other.idle_timeout && single_connection == other.single_connection &&
           proxy_protocol == other.proxy_protocol;
  }
};
using ProxyPtr = std::shared_ptr<const ProxySpec>;

}  // namespace zinit
