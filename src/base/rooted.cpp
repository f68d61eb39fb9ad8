// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Follows links one by one, because building an image must not need the privileges of chroot(2).
#include "base/rooted.hpp"

#include <unistd.h>

#include <climits>
#include <deque>

#include "base/text.hpp"

namespace zinit {

namespace {

/// Puts the parts of `path` before `parts`.
void prepend(std::deque<std::string>& parts, std::string_view path) {
  const auto names = split(path, '/');
  for (auto name = names.rbegin(); name != names.rend(); ++name)
    if (!name->empty() && *name != ".") parts.emplace_front(*name);
}

/// The target of the symbolic link at `path`; empty if it is not a link or cannot be reached.
Result<std::string> link_text(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof target);
  if (length >= 0) return std::string(target, static_cast<std::size_t>(length));
  if (errno == EINVAL || errno == ENOENT || errno == ENOTDIR || errno == EACCES)
    return std::string();
  return sys_failure("read the link", path);
}

}  // namespace

Result<std::string> real_below(const std::string& root, const std::string& path, bool follow_last) {
  if (root.empty() || !path.starts_with(root)) return path;
  std::deque<std::string> parts;
  prepend(parts, std::string_view(path).substr(root.size()));
  std::string real = root == "/" ? "" : root;
  const std::size_t top = real.size();
  int links = 0;
  while (!parts.empty()) {
    const std::string part = std::move(parts.front());
    parts.pop_front();
    if (part == "..") {
      if (real.size() > top) real.resize(real.rfind('/'));
      continue;
    }
    const std::string next = real + "/" + part;
    const bool follow = follow_last || !parts.empty();
    const Result<std::string> target = follow ? link_text(next) : std::string();
    if (!target) return Failure(target.error());
    if (target->empty()) {
      real = next;
      continue;
    }
    // The kernel would follow any links that are left, without knowledge of the root.
    if (++links > kMostLinks) return sys_failure("follow the links of", path, ELOOP);
    if (target->front() == '/') real.resize(top);
    prepend(parts, *target);
  }
  return real.empty() ? "/" : real;
}

}  // namespace zinit
