// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Proxies as the daemon of a rig reports them.
#pragma once

#include "control/daemon.hpp"
#include "support/test.hpp"

namespace zinit::test {

inline ProxyView proxy(const std::string& name, std::vector<std::string> listen = {},
                       const std::string& service = "") {
  ProxySpec spec;
  spec.name = name;
  spec.listen = std::move(listen);
  spec.backend = "unix:/run/backend";
  spec.service = service;
  ProxyView view;
  view.spec = std::make_shared<const ProxySpec>(std::move(spec));
  view.running = view.listening = true;
  return view;
}

/// A proxy in front of db without any key at its default, and one in front of web that does not
/// listen.
inline std::vector<ProxyView> two_proxies() {
  ProxyView good = proxy("db-proxy", {"tcp:localhost:5432", "unix:/run/db"}, "db");
  ProxySpec spec = *good.spec;
  spec.file = "/etc/front.toml";
  spec.connect_timeout = std::chrono::seconds(10);
  spec.idle_timeout = std::chrono::seconds(300);
  spec.single_connection = true;
  spec.proxy_protocol = 1;
  good.spec = std::make_shared<const ProxySpec>(std::move(spec));
  good.total_connections = 9;
  good.active_connections = 2;
  good.rejected_connections = 1;
  good.bytes_to_backend = 1000;
  good.bytes_from_backend = 5'000'000'000;
  ProxyView bad = proxy("web-proxy", {"tcp:[::1]:80"}, "web");
  bad.running = bad.listening = false;
  bad.error = "tcp:[::1]:80: address in use";
  return {good, bad};
}

}  // namespace zinit::test
