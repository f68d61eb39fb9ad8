// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Settings that all spawns of the supervisor share.
#pragma once

#include <sys/resource.h>

#include <memory>
#include <optional>
#include <string>

#include "model/spec.hpp"
#include "supervisor/base_environment.hpp"

namespace zinit {

class CgroupTree;

struct SpawnDefaults {
  BaseEnvironment environment;            // its values may be replaced later
  std::optional<rlimit> nofile;           // RLIMIT_NOFILE of services; unset: zinit's own
  std::shared_ptr<CgroupTree> cgroups{};  // null: process groups only
  DirectoryPlaces places{};               // where services' directories are made
  std::string socket{};                   // ZINIT_SOCKET of services; empty: not set
};

}  // namespace zinit
