// From the request of a shutdown until the services are down.
#include "init/shutdown.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// What is left of every stop timeout at the second request, and when the time is over.
constexpr Milliseconds kHurried{1000};

// For SIGKILL to be sent and the ends to be seen, once the time is over. What is left after that
// cannot be killed: the machine goes down with it.
constexpr Milliseconds kLastWait{5000};

}  // namespace

std::string_view shutdown_word(ShutdownKind kind) noexcept {
  switch (kind) {
    case ShutdownKind::power_off: return "power off";
    case ShutdownKind::reboot: return "reboot";
    case ShutdownKind::halt: return "halt";
    case ShutdownKind::exit: break;
  }
  return "shut down";
}

Shutdown::Shutdown(EventLoop& loop, Board& board, std::function<void()> through)
    : board_(board), through_(std::move(through)), timer_(loop, [this] { on_timer(); }) {}

void Shutdown::begin(ShutdownKind kind, std::string_view why, Milliseconds limit) {
  if (begun_) return;
  begun_ = true;
  kind_ = kind;
  log_info("{}: {}; stopping all services, {} at most", shutdown_word(kind), why,
           duration_text(limit.count()));
  board_.begin_shutdown();
  timer_.set(limit);
  look();
}

void Shutdown::hurry(std::string_view why) {
  if (!begun_ || finished_) return;
  log_warn("{}: {} again; what still stops has {}", shutdown_word(kind_), why,
           duration_text(kHurried.count()));
  board_.hurry_shutdown(kHurried);
}

void Shutdown::look() {
  if (begun_ && !finished_ && board_.all_down()) finish();
}

void Shutdown::on_timer() {
  const std::string left = join(board_.still_up(), ", ");
  if (out_of_time_) {
    log_error("{}: goes on without these, which cannot be killed: {}", shutdown_word(kind_), left);
    return finish();
  }
  out_of_time_ = true;
  log_warn("{}: the time is over; still up: {}", shutdown_word(kind_), left);
  board_.hurry_shutdown(kHurried);
  timer_.set(kHurried + kLastWait);
}

void Shutdown::finish() {
  finished_ = true;
  timer_.stop();
  through_();
}

}  // namespace zinit
