// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The variables that every service's environment starts from. They may be replaced at any time; a
// process gets the values in force at its spawn.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.hpp"

namespace zinit {

/// Copies share one environment: set() on one changes all. Any thread.
class BaseEnvironment {
 public:
  using Values = std::vector<std::string>;  // each KEY=value

  BaseEnvironment() : BaseEnvironment(Values()) {}
  BaseEnvironment(std::initializer_list<std::string> values) : BaseEnvironment(Values(values)) {}
  explicit BaseEnvironment(Values values) : shared_(std::make_shared<Shared>()) {
    set(std::move(values));
  }

  void set(Values values) {
    auto next = std::make_shared<const Values>(std::move(values));
    const MutexLock lock(shared_->mutex);
    shared_->values.swap(next);
  }

  [[nodiscard]] std::shared_ptr<const Values> get() const {
    const MutexLock lock(shared_->mutex);
    return shared_->values;
  }

 private:
  struct Shared {
    Mutex mutex;
    std::shared_ptr<const Values> values GUARDED_BY(mutex);
  };
  std::shared_ptr<Shared> shared_;
};

}  // namespace zinit
