// The unix socket that clients connect to: made without ever taking a live one's place.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace zinit {

struct ControlSocketSettings {
  std::string path;
  /// Its directory is for this user alone: made with mode 0700, and refused where it is someone
  /// else's or open to others (/tmp/zinit-UID).
  bool private_directory = false;
  /// How long another server may be waited for that opens one there just now.
  Milliseconds lock_wait{2000};
};

/// A listening socket and the file that it is reached by.
class ControlSocket {
 public:
  ControlSocket() noexcept = default;
  ControlSocket(ControlSocket&& other) noexcept = default;
  ControlSocket& operator=(ControlSocket&& other) noexcept;
  /// Removes the file if it is still the one that was made here.
  ~ControlSocket() { remove_file(); }

  /// Makes the directory where it is missing, replaces a stale socket that nobody listens on, and
  /// listens. The file has mode 0600 from its first moment.
  ///
  /// @return  EADDRINUSE: somebody listens there, or something that is no socket has the name; the
  ///          text says which. Else what failed, with errno's text.
  /// Touches the file system, and may wait for `lock_wait`. (unix(7))
  [[nodiscard]] static Result<ControlSocket> open(const ControlSocketSettings& settings);

  /// Lets members of `group` connect as well: the file becomes theirs, with mode 0660; without a
  /// group it is the owner's alone again, with mode 0600. A file that is no longer this socket's is
  /// left alone.
  [[nodiscard]] Result<void> share_with(std::optional<gid_t> group);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Whether its path still leads to this socket.
  [[nodiscard]] bool is_there() const noexcept;

 private:
  void remove_file() noexcept;

  UniqueFd fd_;
  std::string path_;  // absolute, for zinit may change its directory
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace zinit
