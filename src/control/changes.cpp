// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Passes changes from the board's threads to the control loop: see changes.hpp.
#include "control/changes.hpp"

#include <exception>
#include <utility>

#include "base/log.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kPause{1};

// If a listener has run out of memory, all listeners are called again after this pause.
constexpr Milliseconds kRetryPause{100};

}  // namespace

Changes::Changes(EventLoop& loop)
    : pause_(loop, [this] { end_pause(); }), call_(loop, [this] { tell(); }) {}

// No change is lost: end_pause() clears pausing_ and then reads changed_in_pause_; changed() sets
// changed_in_pause_ and then reads pausing_.
void Changes::changed() noexcept {
  changed_in_pause_ = true;
  if (!pausing_) call_.ask();
}

void Changes::listen(std::function<void()> listener) { listeners_.push_back(std::move(listener)); }

void Changes::end_pause() {
  pausing_ = false;
  if (changed_in_pause_) tell();
}

void Changes::tell() {
  if (pausing_) return;
  pausing_ = true;
  changed_in_pause_ = false;
  pause_.set(kPause);
  for (const std::function<void()>& listener : listeners_) {
    try {
      listener();
    } catch (const std::exception& fault) {
      log_error("control: cannot act on a change now: {}; tried again in 100 ms", fault.what());
      changed_in_pause_ = true;
      pause_.set(kRetryPause);
    }
  }
}

}  // namespace zinit
