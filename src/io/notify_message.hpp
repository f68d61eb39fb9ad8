// What a process says over its notify socket, in the protocol of sd_notify(3): lines KEY=value.
//
// Pure, and made for what comes from anybody: any bytes are taken, what is not known or makes no
// sense is passed over, and nothing of it is kept beyond what it says of itself here.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zinit {

/// The longest datagram that counts, as systemd has it. A longer one is refused as a whole.
inline constexpr std::size_t kNotifyMessageMax = 4096;
/// Of STATUS=, as it is shown.
inline constexpr std::size_t kStatusTextMax = 512;

struct NotifyMessage {
  bool ready = false;
  bool reloading = false;
  bool stopping = false;
  bool alive = false;    // WATCHDOG=1
  bool trigger = false;  // WATCHDOG=trigger: it wants to be ended
  bool store = false;    // FDSTORE=1: the descriptors that came with it are to be kept
  bool remove = false;   // FDSTOREREMOVE=1: those of `fd_name` are not to be kept any more
  std::string fd_name;   // FDNAME=, where it is one; empty: none
  std::optional<std::string> status;           // one line, safe to show
  std::optional<pid_t> main_pid;               // > 0
  std::optional<std::uint64_t> extend_usec;    // EXTEND_TIMEOUT_USEC=
  std::optional<std::uint64_t> watchdog_usec;  // WATCHDOG_USEC=, > 0
};

[[nodiscard]] NotifyMessage parse_notify_message(std::string_view text);

}  // namespace zinit
