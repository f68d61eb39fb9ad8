// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Errors as values: Result<T>, the one error type inside zinit, and its construction from a failed
// system call.
//
// This room holds what every other room may use, and includes nothing of zinit:
//   values       result.hpp, text.hpp, format.hpp, or_default.hpp, time.hpp, backoff.hpp
//   descriptors  fd.hpp, low_numbers.hpp, write_now.hpp, unix_address.hpp; file.hpp,
//                file_identity.hpp, rooted.hpp, trusted_path.hpp
//   JSON         json.hpp reads, json_writer.hpp writes
//   memory       memory.hpp has the policy for a lack of memory; heap.hpp, checksum.hpp
//   threads      mutex.hpp has the annotated locks; jitter.hpp makes threads late in tests
//   log          log.hpp is zinit's own log
//   tests        kill_point.hpp names places for crashes, sanitized.hpp the kinds of builds
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace zinit {

/// Whether a system call failed because of a lack of descriptors or memory.
[[nodiscard]] constexpr bool is_shortage(int errnum) noexcept {
  return errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM || errnum == ENOBUFS;
}

/// The fault in words for people: "cannot open /etc/x: No such file or directory". `errnum` is the
/// errno of the failed system call, or 0 if none failed. Callers that must distinguish temporary
/// from permanent errors read `errnum`, never the text.
struct Error {
  std::string text;
  int errnum = 0;

  /// A lack of processes, memory or descriptors, or a process that was killed before it executed
  /// (ECANCELED): the same call may succeed later (behaviour.md, "States").
  [[nodiscard]] bool temporary() const noexcept {
    return is_shortage(errnum) || errnum == EAGAIN || errnum == ECANCELED;
  }
};

/// Move it, never copy it: tl::expected declares its copy noexcept although its members allocate,
/// so a copy ends the process if there is no memory.
template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

/// The text of errno `errnum`, thread-safe (strerror_r(3)).
[[nodiscard]] std::string errno_text(int errnum);

/// A failure without a failed system call.
[[nodiscard]] Failure failure(std::string text);

/// "cannot VERB OBJECT: errno text". Reads errno if `errnum` is not given, so call it before
/// anything that could change errno.
[[nodiscard]] Failure sys_failure(std::string_view verb, std::string_view object,
                                  int errnum = errno);

}  // namespace zinit
