// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The one list of descriptors that stay open over a re-execution, and what each of them is.
//
// The owner of such a descriptor holds it as a KeptFd, which notes it in the list, and removes the
// note when it closes. The list lies in its own memory file, with one small entry for each
// descriptor number. So noting takes no system call, no lock and no memory, and a crash handler can
// walk the list. All descriptors of zinit are close-on-exec. Just before execve(2) the flag is
// cleared, only for the descriptors in the list.
//
// A process has one list. Without a list (unit tests, the client) a KeptFd is an ordinary
// descriptor.
//
// From the moment at which the flags are cleared, a thread that enters or closes a kept descriptor
// waits. Other threads run until the kernel ends them, and might otherwise close a marked
// descriptor and put an unmarked one in its place.
//
// Threads: any. The thread that owns a descriptor writes its entry.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fd.hpp"

namespace zinit {

/// What a kept descriptor is. The numbers are part of the format, and are never reused for
/// something else.
enum class KeptKind : std::uint8_t {
  none = 0,
  list = 1,     // the list itself
  journal = 2,  // state/journal.hpp
  facts = 3,    // state/state_facts.hpp
  // 4 and 25 are free.
  control_socket = 5,  // listening
  log_pipe = 6,        // read end; part: the stream
  log_ring = 7,        // a service's last lines
  notify_socket = 8,   // of a main process
  ready_line = 9,      // read end of the pipe for a newline
  stored = 10,         // by a service for its next process
  main_process = 11,   // pidfd of a main process that is no child
  dev_log = 12,
  watchdog = 13,  // of the machine
  crashes = 14,   // state/crash_log.hpp
  reading = 15,   // io/read_area.hpp; part: which area
  // Of proxies; owner: the proxy's place, slot: the connection's number.
  proxy_table = 16,     // activation/proxy_table.hpp
  proxy_listener = 17,  // listening
  proxy_client = 18,    // an accepted connection
  proxy_backend = 19,   // the other side of the connection
  proxy_pipe = 20,      // part: which end of which pipe, see activation/relay.cpp
  service_socket = 21,  // of [socket]; owner: index in `listen`; part: 1 if it has a file
  accepted = 22,        // a connection for the instance, or for the service, in the slot
  server_lock = 23,     // files/server_lock.hpp
  unwanted = 24,        // state/disposal.hpp must close it: execve(2) would wait for it; part: 1 if
                        // the service in the slot has sent it
  sinks = 26,           // io/sink_area.hpp
  disposal = 28,        // pidfd of a process of state/disposal.hpp that closes something
};

/// What the list says about a descriptor.
struct KeptNote {
  KeptKind kind = KeptKind::none;
  std::uint8_t part = 0;    // which of several, numbered by the owner
  std::uint32_t slot = 0;   // of a service
  std::uint16_t owner = 0;  // the owner, if a slot does not identify it

  bool operator==(const KeptNote&) const = default;
};

/// Owns a descriptor that is in the list.
class KeptFd {
 public:
  KeptFd() noexcept = default;
  /// Notes `fd`, if there is one. Without memory for the note, the next image does not get it.
  KeptFd(UniqueFd fd, const KeptNote& note) noexcept;
  KeptFd(KeptFd&& other) noexcept = default;
  KeptFd& operator=(KeptFd&& other) noexcept;
  ~KeptFd() { reset(); }
  /// accept4(2), whose connection is noted before execve(2) or stays in the queue of `listener`.
  /// @return  none, with errno, if it fails
  [[nodiscard]] static KeptFd accept(int listener, int flags, const KeptNote& note) noexcept;

  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return bool(fd_); }
  /// Removes it from the list and gives it away.
  [[nodiscard]] UniqueFd release() noexcept;
  /// Removes it from the list and closes it.
  void reset() noexcept { release().reset(); }

 private:
  friend class Inheritance;
  struct Noted {};
  /// For a descriptor already in the list.
  KeptFd(int fd, Noted /*unused*/) noexcept : fd_(fd) {}

  UniqueFd fd_;
};

/// Makes the process's list, before other threads start. Without it a re-execution keeps nothing.
[[nodiscard]] Result<void> make_kept_list();

/// The descriptor of the list's memory file, -1 if there is none. It is passed to the next image.
[[nodiscard]] int kept_list_fd() noexcept;

/// Clears close-on-exec on everything in the list, or sets it again after a failed execve(2). In
/// between, a thread that notes, accepts or closes a kept descriptor waits. Waits up to 10 ms for
/// those that accept one already; the crashed thread may be one. Async-signal-safe.
void keep_over_exec(bool keep) noexcept;

/// The descriptors of an earlier image, until their owners take them.
class Inheritance {
 public:
  struct One {
    KeptFd fd;
    KeptNote note;
    std::uint64_t noted = 0;  // grows with each note, over all images
  };

  /// Nothing inherited.
  Inheritance() = default;
  /// Reads the list `fd` of an earlier image, and uses it as this process's list. Old notes stay,
  /// because this image may crash before everything is taken. Waits for memory. Fails if `fd` is no
  /// such list, and closes it.
  [[nodiscard]] static Result<Inheritance> take_over(int fd);

  Inheritance(Inheritance&&) noexcept = default;
  Inheritance& operator=(Inheritance&&) noexcept = default;
  /// Closes what nobody has taken, elsewhere: a close may take long (state/disposal.hpp).
  ~Inheritance();

  /// Takes the descriptor of this kind that was noted last, if there is one. After a crash there
  /// may be an older one, which it was about to replace.
  [[nodiscard]] KeptFd take(KeptKind kind);
  /// Takes all of this kind, in the order of their notes.
  [[nodiscard]] std::vector<One> take_all(KeptKind kind);

 private:
  std::vector<One> left_;
};

}  // namespace zinit
