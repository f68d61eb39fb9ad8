// Errors as values: Result<T>, the one error type inside zinit, and how a failed system call
// becomes one.
#pragma once

#include <cerrno>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace zinit {

/// What went wrong, for people: "cannot open /etc/x: No such file or directory". `errnum` is the
/// errno of the system call at fault, or 0 where none was; callers that must act on it (temporary
/// or for good) read that, never the text.
struct Error {
  std::string text;
  int errnum = 0;

  /// Want of processes, memory or descriptors: worth the same try later (behaviour.md, "States").
  [[nodiscard]] bool temporary() const noexcept {
    return errnum == EAGAIN || errnum == ENOMEM || errnum == EMFILE || errnum == ENFILE;
  }
};

/// Moved on, never copied: a copy of tl::expected is noexcept, whatever its members need, and ends
/// the process where there is no memory for it.
template <class T>
using Result = tl::expected<T, Error>;

using Failure = tl::unexpected<Error>;

/// The text of errno `errnum`, thread-safe (strerror_r(3)); "errno 4711" where the C library knows
/// none.
[[nodiscard]] std::string errno_text(int errnum);

/// A failure without a system call behind it.
[[nodiscard]] Failure failure(std::string text);

/// "cannot VERB OBJECT: errno text". Reads errno when `errnum` is not given, so call it before
/// anything else that could change it.
[[nodiscard]] Failure sys_failure(std::string_view verb, std::string_view object,
                                  int errnum = errno);

}  // namespace zinit
