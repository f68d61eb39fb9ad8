// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The path of the socket of this user's server: see socket_path.hpp.
#include "client/libzinit/socket_path.hpp"

#include <sys/stat.h>

#include "base/environment.hpp"
#include "base/file.hpp"
#include "base/format.hpp"

namespace zinit {

namespace {

/// Refuses a directory that another user owns, or that others can use.
Result<void> check_own_directory(const std::string& path, unsigned uid) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) < 0) {
    if (errno == ENOENT) return {};
    return sys_failure("examine", path);
  }
  if (S_ISDIR(status.st_mode) && status.st_uid == uid && (status.st_mode & 077) == 0) return {};
  return Failure(
      Error{fmt::format("{} is not a directory of user {} alone: not trusted", path, uid), EPERM});
}

}  // namespace

Result<std::string> default_socket_path(unsigned uid, Variables environment) {
  const auto variable = [&](const char* name) {
    const char* value = environment(name);
    return std::string(value != nullptr ? value : "");
  };
  if (auto path = variable("ZINIT_SOCKET"); !path.empty()) return path;
  const std::string directory = fallback_runtime_dir(uid);
  const std::string in_tmp = directory + "/zinit.sock";
  const auto checked = check_own_directory(directory, uid);
  if (uid == 0 && (path_exists(kSystemSocket) || !path_exists(in_tmp) || !checked))
    return kSystemSocket;
  if (auto runtime = variable("XDG_RUNTIME_DIR"); uid != 0 && runtime.starts_with('/')) {
    return runtime + "/zinit.sock";
  }
  if (!checked) return Failure(checked.error());
  return in_tmp;
}

std::vector<std::string> other_socket_paths(unsigned uid) {
  std::vector<std::string> paths;
  for (const auto& directory : {session_runtime_dir(uid), fallback_runtime_dir(uid)}) {
    const std::string path = directory + "/zinit.sock";
    if (path_exists(path) && check_own_directory(directory, uid)) paths.push_back(path);
  }
  paths.emplace_back(kSystemSocket);
  return paths;
}

}  // namespace zinit
