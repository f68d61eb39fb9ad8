// The road from the board's threads to the control loop.
#include "control/changes.hpp"

#include <exception>
#include <utility>

#include "base/log.hpp"

namespace zinit {

Changes::Changes(struct ev_loop* loop) : loop_(loop) {
  ev_async_init(&async_, on_async);
  async_.data = this;
  ev_async_start(loop_, &async_);
}

Changes::~Changes() { ev_async_stop(loop_, &async_); }

void Changes::changed() noexcept { ev_async_send(loop_, &async_); }

void Changes::listen(std::function<void()> listener) { listeners_.push_back(std::move(listener)); }

void Changes::on_async(struct ev_loop* /*loop*/, ev_async* watcher, int /*events*/) noexcept {
  auto* self = static_cast<Changes*>(watcher->data);
  for (const std::function<void()>& listener : self->listeners_) {
    try {
      listener();
    } catch (const std::exception& fault) {
      log_error("control: a change was not followed up: {}", fault.what());
    }
  }
}

}  // namespace zinit
