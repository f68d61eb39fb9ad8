// From the request of a shutdown until the services are down.
#include "init/shutdown.hpp"

#include <algorithm>

#include "base/format.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// What is left of every stop timeout at the second request, and shortly before the time is over.
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

/// Behind what the board has to say, which is why it began. Where there is no memory for it, it is
/// left out.
template <class Text>
void Shutdown::tell(LogLevel level, Text text) noexcept {
  catch_all("shutdown", [&] {
    board_.say(level, fmt::format("{}: {}", shutdown_word(kind_), text()));
  });
}

void Shutdown::begin(ShutdownKind kind, std::string_view why, Milliseconds limit) {
  if (begun_) return;
  begun_ = true;
  kind_ = kind;
  hurried_ = std::min(kHurried, limit / 2);
  timer_.set(limit - hurried_);  // first: what follows may lack memory
  tell(LogLevel::info, [&] {
    return fmt::format("{}; stopping all services, {} at most", why, duration_text(limit.count()));
  });
  board_.begin_shutdown();
  look();
}

void Shutdown::hurry(std::string_view why) {
  if (!begun_ || finished_) return;
  tell(LogLevel::warn, [&] {
    return fmt::format("{} again; what still stops has {}", why, duration_text(kHurried.count()));
  });
  board_.hurry_shutdown(kHurried);
}

void Shutdown::look() {
  if (begun_ && !finished_ && board_.all_down()) finish();
}

void Shutdown::on_timer() {
  const auto tell_left = [this](LogLevel level, std::string_view text) {
    tell(level, [&] { return fmt::format("{}: {}", text, join(board_.still_up(), ", ")); });
  };
  switch (time_) {
    case Time::left:
      time_ = Time::nearly_over;
      timer_.set(hurried_);
      tell_left(LogLevel::warn, "the time is nearly over; still up");
      return board_.hurry_shutdown(hurried_);
    case Time::nearly_over:
      time_ = Time::over;
      timer_.set(kLastWait);
      tell_left(LogLevel::warn, "the time is over; to be killed");
      return board_.hurry_shutdown(Milliseconds{0});
    case Time::over:
      tell_left(LogLevel::error, "goes on without these, which cannot be killed");
      return finish();
  }
}

void Shutdown::finish() {
  finished_ = true;
  timer_.stop();
  through_();
}

}  // namespace zinit
