// [limits] and [process] as the child wants them: prepared in the parent, and put into words where
// one could not be applied.
#pragma once

#include <string>
#include <vector>

#include "os/spawn.hpp"
#include "os/spawn_child.hpp"

namespace zinit {

/// Plain data for a ChildWork, which points into it.
class PreparedSettings {
 public:
  /// @param uid  who the service runs as.
  PreparedSettings(const SpawnPlan& plan, uid_t uid);
  PreparedSettings(const PreparedSettings&) = delete;
  PreparedSettings& operator=(const PreparedSettings&) = delete;

  void put_into(ChildWork& work) const;

 private:
  const SpawnPlan& plan_;
  const bool raise_capabilities_;
  std::vector<ChildLimit> limits_;
  std::string oom_score_adj_;
  std::vector<unsigned long> cpus_;
};

/// In words, which setting a child could not apply; SpawnStep::oom_score to privileges.
[[nodiscard]] Failure settings_failure(const SpawnPlan& plan, const ChildWork& work);

}  // namespace zinit
