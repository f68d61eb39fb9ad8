// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Limits for the clients of other users: see quota.hpp.
#include "control/quota.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace zinit {

Held::Held(SharePtr share, std::size_t bytes) noexcept : share_(std::move(share)) { add(bytes); }

Held::Held(Held&& other) noexcept
    : share_(std::move(other.share_)), bytes_(other.bytes_.exchange(0)) {}

Held& Held::operator=(Held&& other) noexcept {
  set(0);
  share_ = std::move(other.share_);
  bytes_ = other.bytes_.exchange(0);
  return *this;
}

void Held::add(std::size_t bytes) noexcept {
  bytes_ += bytes;
  if (!share_) return;
  share_->bytes += bytes;
  *share_->all += bytes;
}

void Held::remove(std::size_t bytes) noexcept {
  bytes_ -= bytes;
  if (!share_) return;
  share_->bytes -= bytes;
  *share_->all -= bytes;
}

void Held::set(std::size_t bytes) noexcept {
  const std::size_t before = bytes_;
  bytes > before ? add(bytes - before) : remove(before - bytes);
}

std::size_t Held::room() const noexcept {
  if (!share_) return std::numeric_limits<std::size_t>::max();
  const std::size_t own = std::min(share_->bytes.load(), Quota::kBytesOfUser);
  const std::size_t all = std::min(share_->all->load(), Quota::kBytes);
  return std::min(Quota::kBytesOfUser - own, Quota::kBytes - all);
}

SharePtr Quota::share_for(uid_t user) {
  if (clients_ >= most_) return nullptr;
  SharePtr& share = users_[user];
  if (!share) share = std::make_shared<Share>(user, bytes_);
  return share->clients < of_user_ ? share : nullptr;
}

void Quota::enter(const SharePtr& share) noexcept {
  if (!share) return;
  ++share->clients;
  ++clients_;
}

void Quota::leave(const SharePtr& share) noexcept {
  if (!share) return;
  --clients_;
  if (--share->clients == 0) users_.erase(share->user);
}

}  // namespace zinit
