// What clients of others than root and the server's own user may take together, so that they lock
// nobody out: connections, of each user and of all, and memory for what they send and do not read.
//
// Memory is counted where it is held: by a Held beside each buffer, for as long as that lives. Only
// what clients choose the size of is counted, and for longer than a turn.
//
// Clients of root and of the server's own user have no Share: nothing is counted of them.
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
  std::size_t clients = 0;  // used by the control loop alone
};
using SharePtr = std::shared_ptr<Share>;

/// The bytes of one buffer, counted for its user until it is destroyed. Any thread; the last of
/// several that add at once may exceed the room a little.
class Held {
 public:
  /// `share` null: nothing is counted, and there is always room.
  explicit Held(SharePtr share, std::size_t bytes = 0) noexcept;
  Held(Held&& other) noexcept;
  Held& operator=(Held&& other) noexcept;
  ~Held() { set(0); }

  void add(std::size_t bytes) noexcept;
  void remove(std::size_t bytes) noexcept;
  /// Counts `bytes` in place of what was counted before. By one thread.
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
  /// @param of_user  and of one user
  explicit Quota(std::size_t most, std::size_t of_user = kClientsOfUser)
      : most_(most), of_user_(of_user) {}

  /// The share of `user`, if there may be one more connection of that user; else null.
  [[nodiscard]] SharePtr share_for(uid_t user);
  /// Counts a connection with this share, which may be null, and counts it no more.
  void enter(const SharePtr& share) noexcept;
  void leave(const SharePtr& share) noexcept;

  [[nodiscard]] std::size_t most() const noexcept { return most_; }
  [[nodiscard]] std::size_t of_user() const noexcept { return of_user_; }
  /// What the clients of all users hold.
  [[nodiscard]] std::size_t bytes() const noexcept { return *bytes_; }

 private:
  const std::size_t most_, of_user_;
  std::size_t clients_ = 0;
  const std::shared_ptr<std::atomic<std::size_t>> bytes_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::unordered_map<uid_t, SharePtr> users_;  // those with connections
};

}  // namespace zinit
