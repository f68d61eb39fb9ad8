// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Prepares [limits] and [process] in the parent for the child, and makes the error text if the
// child could not apply one of them.
#pragma once

#include <string>
#include <vector>

#include "os/spawn.hpp"
#include "os/spawn_child.hpp"

namespace zinit {

/// Plain data for a ChildWork, which points into it.
class PreparedSettings {
 public:
  /// @param uid  the user that the service runs as
  PreparedSettings(const SpawnPlan& plan, uid_t uid);
  PreparedSettings& operator=(PreparedSettings&&) = delete;

  void put_into(ChildWork& work) const;

 private:
  const SpawnPlan& plan_;
  const bool raise_capabilities_;
  std::vector<ChildLimit> limits_;
  std::string oom_score_adj_;
  std::vector<unsigned long> cpus_;
};

/// The error for a setting that a child could not apply: its failed step.
[[nodiscard]] Failure settings_failure(const SpawnPlan& plan, const ChildWork& work);

}  // namespace zinit
