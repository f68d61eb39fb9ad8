// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
#pragma once
// Services without files, for a graph or a board under test.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/spec.hpp"

namespace zinit::test {

using Edit = std::function<void(ServiceSpec&)>;

/// A service that runs `argv`.
inline SpecPtr service(const std::string& name, std::vector<std::string> argv,
                       const Edit& edit = {}) {
  auto spec = std::make_shared<ServiceSpec>();
  spec->name = name;
  spec->exec.argv = std::move(argv);
  spec->lifecycle.restart_delay = std::chrono::milliseconds(50);
  spec->lifecycle.stop_timeout = std::chrono::milliseconds(2000);
  if (edit) edit(*spec);
  return spec;
}

/// A service that runs until it is stopped.
inline SpecPtr sleeper(const std::string& name, const Edit& edit = {}) {
  return service(name, {"/bin/sleep", "1000"}, edit);
}

/// A oneshot that runs `script`.
inline SpecPtr oneshot(const std::string& name, const std::string& script) {
  return service(name, {"/bin/sh", "-c", script}, [](ServiceSpec& spec) {
    spec.oneshot = true;
    spec.lifecycle.restart = RestartPolicy::never;
  });
}

/// A oneshot that always fails with `code`.
inline SpecPtr failing(const std::string& name, int code) {
  return oneshot(name, "exit " + std::to_string(code));
}

/// An edit for the above: the service requires `name`.
inline Edit requiring(const std::string& name) {
  return [name](ServiceSpec& spec) { spec.dependencies.edit().requires_.push_back({name, {}}); };
}

/// A target that requires `names`.
inline SpecPtr target(const std::string& name, const std::vector<std::string>& names) {
  return service(name, {}, [&](ServiceSpec& spec) {
    spec.kind = Kind::target;
    for (const std::string& other : names) requiring(other)(spec);
  });
}

}  // namespace zinit::test
