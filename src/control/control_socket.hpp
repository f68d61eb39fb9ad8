// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The unix socket that clients connect to. It never replaces a socket that is in use.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "os/socket_file.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

struct ControlSocketSettings {
  std::string path;
  /// The socket's directory must be private to this user (/tmp/zinit-UID): it is made with mode
  /// 0700, and refused if another user owns it or if it is open to others.
  bool private_directory = false;
  /// How long to wait for the directory's lock. Another server holds it while it opens a socket.
  Milliseconds lock_wait{2000};
};

/// A listening socket and its file.
class ControlSocket {
 public:
  ControlSocket() noexcept = default;
  ControlSocket(ControlSocket&& other) noexcept = default;
  ControlSocket& operator=(ControlSocket&& other) noexcept;
  /// Removes the file if it still belongs to this socket.
  ~ControlSocket() { close(); }

  /// Makes the directory if it is missing, replaces a stale socket that nobody listens on, and
  /// listens. The file has mode 0600 from its first moment.
  ///
  /// @return  EADDRINUSE: another server listens there, or the file is no socket; the text says
  ///          which. Other errors have the text of errno.
  /// Touches the file system, and may wait for `lock_wait`. (unix(7))
  [[nodiscard]] static Result<ControlSocket> open(const ControlSocketSettings& settings);

  /// Continues with the socket that the previous process image listened on.
  [[nodiscard]] static ControlSocket take_over(KeptFd listening);

  /// Lets members of `group` connect too: the file gets that group and mode 0660. Without a group
  /// it gets mode 0600 again. Does nothing if the file no longer belongs to this socket.
  [[nodiscard]] Result<void> share_with(std::optional<gid_t> group);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return file_.path(); }

  /// Whether the path still leads to this socket.
  [[nodiscard]] bool is_there() const noexcept { return fd_ && file_.is_there(); }

 private:
  void adopt(KeptFd listening, std::string path);
  void close() noexcept;

  KeptFd fd_;
  SocketFile file_;  // absolute, because zinit may change its working directory
};

}  // namespace zinit
