// The one list of descriptors that stay open over a re-execution, and what each of them is.
//
// Whoever owns such a descriptor holds it as a KeptFd, which notes it in the list and takes the
// note back when it closes. The list lies in a memory file of its own, one small entry for each
// number of a descriptor, so to note one takes no system call, no lock and no memory, and a crash
// handler can walk it. All descriptors of zinit are close-on-exec; the flag is taken away only from
// those in the list, just before execve(2).
//
// A process has one list. Without one (unit tests, the client) a KeptFd is an ordinary descriptor.
//
// Threads: any. An entry is written by the thread that owns its descriptor.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/fd.hpp"

namespace zinit {

/// What a kept descriptor is. The numbers are part of the format: they are never used again for
/// something else.
enum class KeptKind : std::uint8_t {
  none = 0,
  list = 1,            // the list itself
  journal = 2,         // supervisor/journal.hpp
  facts = 3,           // os/state_facts.hpp
  // 4 is free.
  control_socket = 5,  // listening
  log_pipe = 6,        // read end; part: the stream
  log_ring = 7,        // a service's last lines
  notify_socket = 8,   // of a main process
  ready_line = 9,      // read end of the pipe for a newline
  stored = 10,         // by a service for its next process
  main_process = 11,   // pidfd of a main process that is no child
  dev_log = 12,
  watchdog = 13,  // of the machine
  crashes = 14,   // init/crash_log.hpp
  reading = 15,   // io/read_area.hpp; part: which
  // Of proxies; owner: the place of the proxy, slot: the number of the connection.
  proxy_table = 16,     // activation/proxy_table.hpp
  proxy_listener = 17,  // listening
  proxy_client = 18,    // an accepted connection
  proxy_backend = 19,   // the other side of it
  proxy_pipe = 20,      // part: which end of which pipe, see activation/relay.cpp
  service_socket = 21,  // of [socket]; owner: which entry of `listen`; part: 1 if it has a file
  accepted = 22,        // a connection for the instance, or one of the service, in the slot
  server_lock = 23,     // init/server_lock.hpp
  unwanted = 24,        // to be closed by os/disposal.hpp: execve(2) is not to wait for that
  console = 25,         // io/console_area.hpp; part: which
};

/// What the list says of a descriptor.
struct KeptNote {
  KeptKind kind = KeptKind::none;
  std::uint8_t part = 0;    // which of several, as its owner counts them
  std::uint32_t slot = 0;   // of a service
  std::uint16_t owner = 0;  // whose it is, where a slot does not say it

  bool operator==(const KeptNote&) const = default;
};

/// Owns a descriptor that is in the list.
class KeptFd {
 public:
  KeptFd() noexcept = default;
  /// Notes `fd`, if there is one.
  KeptFd(UniqueFd fd, const KeptNote& note) noexcept;
  KeptFd(KeptFd&& other) noexcept = default;
  KeptFd& operator=(KeptFd&& other) noexcept;
  ~KeptFd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return bool(fd_); }
  /// Takes it from the list and gives it away.
  [[nodiscard]] UniqueFd release() noexcept;
  /// Takes it from the list and closes it.
  void reset() noexcept { release().reset(); }

 private:
  friend class Inheritance;
  struct Noted {};
  /// One that is in the list already.
  KeptFd(int fd, Noted /*unused*/) noexcept : fd_(fd) {}

  UniqueFd fd_;
};

/// Makes the process's list, before other threads start. Without it a re-execution keeps nothing.
[[nodiscard]] Result<void> make_kept_list();

/// The descriptor of the list's memory file, -1 if there is none. The next image is told it.
[[nodiscard]] int kept_list_fd() noexcept;

/// Clears close-on-exec on all that is in the list, or sets it again if the execve(2) has failed.
/// In between, a thread that notes or closes a kept descriptor waits. Async-signal-safe.
void keep_over_exec(bool keep) noexcept;

/// What an earlier image has left, until somebody takes it.
class Inheritance {
 public:
  struct One {
    KeptFd fd;
    KeptNote note;
    std::uint64_t noted = 0;  // grows with each note, over all images
  };

  /// Nothing inherited.
  Inheritance() = default;
  /// Reads the list `fd` of an earlier image, and goes on with it as the process's list: what was
  /// noted stays so, for this image may crash before all of it is taken. Fails if `fd` is no such
  /// list; it is closed then.
  [[nodiscard]] static Result<Inheritance> take_over(int fd);

  Inheritance(Inheritance&&) noexcept = default;
  Inheritance& operator=(Inheritance&&) noexcept = default;
  /// Closes what nobody has taken, elsewhere: a close may take long (os/disposal.hpp).
  ~Inheritance();

  /// Takes the one of this kind that was noted last, if there is one: after a crash there may be
  /// one that it was to replace.
  [[nodiscard]] KeptFd take(KeptKind kind);
  /// Takes all of this kind, in the order in which they were noted.
  [[nodiscard]] std::vector<One> take_all(KeptKind kind);

 private:
  std::vector<One> left_;
};

}  // namespace zinit
