// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Rounds over both loops and the board: see settling.hpp.
#include "control/settling.hpp"

#include <algorithm>

namespace zinit {

namespace {

// The board does not report when its threads go to sleep, so it is asked again after this time,
// which is about as long as most of its work takes.
constexpr Milliseconds kTryAgain{1};

}  // namespace

Settling::Settling(const Parts& parts, std::function<void()> settled)
    : parts_(parts),
      settled_(std::move(settled)),
      again_(parts.loop, [this] { next_round(); }),
      idle_(parts.loop, [this] { end_round(); }),
      data_passed_(parts.loop, [this] { idle_.start(); }) {
  MutexLock lock(passed_->mutex);
  passed_->call = &data_passed_;
}

Settling::~Settling() {
  MutexLock lock(passed_->mutex);
  passed_->call = nullptr;
}

std::uint64_t Settling::ask(TimePoint limit) {
  wanted_ = begun_ + 1;
  limit_ = std::max(limit_, limit);
  if (!under_way_) next_round();
  return wanted_;
}

std::optional<std::uint64_t> Settling::quiet() const {
  if (parts_.changes.waiting() || parts_.daemon.works_on_files()) return std::nullopt;
  return parts_.board.quiet();
}

void Settling::next_round() {
  again_.stop();
  if (succeeded_ >= wanted_ || Clock::now() >= limit_) return;
  again_.set(kTryAgain);
  quiet_before_ = quiet();
  if (!quiet_before_) return;
  const auto read = parts_.logs.when_read([passed = passed_] {
    MutexLock lock(passed->mutex);
    if (passed->call != nullptr) passed->call->ask();
  });
  if (!read) return;
  again_.stop();
  under_way_ = true;
  ++begun_;
}

void Settling::end_round() {
  under_way_ = false;
  if (quiet() == quiet_before_) {
    succeeded_ = begun_;
    settled_();
  }
  next_round();
}

}  // namespace zinit
