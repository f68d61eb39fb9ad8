// The road from the board's threads to the control loop.
#include "control/changes.hpp"

#include <exception>
#include <utility>

#include "base/log.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kGather{1};

// After one that could not be followed up, for want of memory.
constexpr Milliseconds kAgain{100};

}  // namespace

Changes::Changes(EventLoop& loop)
    : gathering_(loop, [this] { gathered(); }), call_(loop, [this] { tell(); }) {}

// The loop puts gathers_ down before it looks at waits_, so either it sees the change or this sees
// that it is to be told.
void Changes::changed() noexcept {
  waits_ = true;
  if (!gathers_) call_.ask();
}

void Changes::listen(std::function<void()> listener) { listeners_.push_back(std::move(listener)); }

void Changes::gathered() {
  gathers_ = false;
  if (waits_) tell();
}

void Changes::tell() {
  if (gathers_) return;
  gathers_ = true;
  waits_ = false;
  gathering_.set(kGather);
  for (const std::function<void()>& listener : listeners_) {
    try {
      listener();
    } catch (const std::exception& fault) {
      log_error("control: a change is followed up later: {}", fault.what());
      waits_ = true;
      gathering_.set(kAgain);
    }
  }
}

}  // namespace zinit
