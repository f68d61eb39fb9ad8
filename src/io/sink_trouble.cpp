// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What zinit's log says about sinks, and when. See sink_trouble.hpp.
#include "io/sink_trouble.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kFirst{1000};
constexpr Milliseconds kSayAgain{60000};

constexpr std::string_view kAbsent = "it could not be opened when zinit started";

std::string lines_text(std::uint64_t lines) { return counted(lines, "line") + " lost"; }

}  // namespace

void SinkTrouble::lost(std::uint64_t lines) noexcept {
  lost_ += lines;
  reports_.wake_.ask();
}

void SinkTrouble::failing(const std::string& why) noexcept {
  try {
    MutexLock lock(mutex_);
    why_ = why;
  } catch (...) {  // no memory: the previous reason is logged
  }
  if (state_.exchange(State::failing) != State::failing) reports_.wake_.ask();
}

void SinkTrouble::absent() noexcept {
  if (state_.exchange(State::absent) != State::absent) reports_.wake_.ask();
}

void SinkTrouble::works() noexcept {
  State failing = State::failing;
  if (state_.compare_exchange_strong(failing, State::over)) reports_.wake_.ask();
}

std::string SinkTrouble::fault() {
  const State state = state_;
  return state == State::failing || state == State::absent ? reason(state) : std::string();
}

/// The reason of the trouble in this state, also if it is over meanwhile.
std::string SinkTrouble::reason(State state) {
  if (state == State::absent) return std::string(kAbsent);
  MutexLock lock(mutex_);
  return why_;
}

bool SinkTrouble::quiet() const {
  return lost_ == said_ && (state_ == State::fine || (fails() && told_)) && (!told_ || fails());
}

/// The line to log now; empty if there is none.
std::string SinkTrouble::say(TimePoint now) {
  if (quiet() || now < next_) return {};
  const std::uint64_t lost = lost_;
  const State state = state_;
  const std::uint64_t all = lost - episode_;
  const bool more = std::exchange(said_, lost) != lost;
  next_ = after(now, kSayAgain);
  if (state == State::failing || state == State::absent) {
    told_ = true;
    const std::string so_far = all == 0 ? "" : fmt::format("; {}", lines_text(all));
    return fmt::format("{}: {}{}{}", label_, reason(state), so_far,
                       state == State::absent ? "" : "; zinit tries again");
  }
  if (more && state == State::fine) {
    told_ = true;
    return fmt::format("{}: too slow for the lines that arrive; {}", label_, lines_text(all));
  }
  State over = State::over;
  state_.compare_exchange_strong(over, State::fine);
  episode_ = lost;
  // Trouble that was over before it was logged: one line for both, and the next in a minute.
  if (more && !told_)
    return fmt::format("{}: {}; {}; it works again", label_, reason(State::failing),
                       lines_text(all));
  next_ = {};
  if (!std::exchange(told_, false)) return {};
  return fmt::format("{}: works again; {} meanwhile", label_, lines_text(all));
}

SinkReports::SinkReports(EventLoop& loop)
    : wake_(loop, [this] { timer_.set_within(kFirst); }), timer_(loop, [this] { look(); }) {}

std::shared_ptr<SinkTrouble> SinkReports::about(std::string label) {
  auto trouble = std::make_shared<SinkTrouble>(*this, std::move(label));
  MutexLock lock(mutex_);
  // look() removes the entries of unused sinks that had trouble.
  std::erase_if(all_, [](const auto& one) { return one.use_count() == 1 && one->spotless(); });
  all_.push_back(trouble);
  return trouble;
}

void SinkReports::look() {
  std::vector<std::shared_ptr<SinkTrouble>> all;
  {
    MutexLock lock(mutex_);
    std::erase_if(all_, [](const auto& one) { return one.use_count() == 1 && one->quiet(); });
    all = all_;
  }
  const TimePoint now = Clock::now();
  TimePoint next = kNever;
  for (const auto& one : all) {
    if (const std::string text = one->say(now); !text.empty()) log_warn("{}", text);
    if (!one->quiet()) next = std::min(next, one->next_);
  }
  if (next != kNever) timer_.set_within(std::max(kFirst, Milliseconds(ms_between(now, next))));
}

}  // namespace zinit
