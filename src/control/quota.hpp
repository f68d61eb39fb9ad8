// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Limits for the clients of all users but root and the server's own user, so that they lock nobody
// out: connections of each user and of all, and memory for what they send and do not read.
//
// Memory is counted where it is held: a Held beside each buffer counts for as long as the buffer
// lives. Only memory whose size a client chooses, and that lives longer than a turn, is counted.
//
// Clients of root and of the server's own user have no Share, and nothing is counted for them.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <utility>

namespace zinit {

/// What the clients of one user hold.
struct Share {
  Share(uid_t of, std::shared_ptr<std::atomic<std::size_t>> total)
      : user(of), all(std::move(total)) {}

  const uid_t user;
  const std::shared_ptr<std::atomic<std::size_t>> all;  // bytes of all users
  std::atomic<std::size_t> bytes{0};
  std::size_t clients = 0;  // used only by the control loop
};
using SharePtr = std::shared_ptr<Share>;

/// The bytes of one buffer, counted for its user until the Held is destroyed. Any thread. Threads
/// that add at the same time may exceed the room a little.
class Held {
 public:
  /// `share` null: nothing is counted, and there is always room.
  explicit Held(SharePtr share, std::size_t bytes = 0) noexcept;
  Held(Held&& other) noexcept;
  Held& operator=(Held&& other) noexcept;
  ~Held() { set(0); }

  void add(std::size_t bytes) noexcept;
  void remove(std::size_t bytes) noexcept;
  /// Counts `bytes` in place of the earlier number. Only one thread may call it.
  void set(std::size_t bytes) noexcept;

  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  /// How many more bytes the user may hold.
  [[nodiscard]] std::size_t room() const noexcept;

 private:
  SharePtr share_;
  std::atomic<std::size_t> bytes_{0};
};

/// The connections of all users. On the control loop.
class Quota {
 public:
  static constexpr std::size_t kClientsOfUser = 1024;
  static constexpr std::size_t kBytesOfUser = std::size_t{16} << 20;
  static constexpr std::size_t kBytes = std::size_t{32} << 20;

  /// @param most     connections of all users together
  /// @param of_user  connections of one user
  explicit Quota(std::size_t most, std::size_t of_user = kClientsOfUser)
      : most_(most), of_user_(of_user) {}

  /// The share of `user` if that user may have one more connection; else null.
  [[nodiscard]] SharePtr share_for(uid_t user);
  /// enter() counts a connection with this share, and leave() ends that. The share may be null.
  void enter(const SharePtr& share) noexcept;
  void leave(const SharePtr& share) noexcept;

  [[nodiscard]] std::size_t most() const noexcept { return most_; }
  [[nodiscard]] std::size_t of_user() const noexcept { return of_user_; }
  /// Bytes that the clients of all users hold.
  [[nodiscard]] std::size_t bytes() const noexcept { return *bytes_; }

 private:
  const std::size_t most_, of_user_;
  std::size_t clients_ = 0;
  const std::shared_ptr<std::atomic<std::size_t>> bytes_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::unordered_map<uid_t, SharePtr> users_;  // users with connections
};

}  // namespace zinit
