// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The owner of a process's pipes, and the last lines that came through them. See output_pipes.hpp.
#include "os/output_pipes.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "base/text.hpp"

namespace zinit {

namespace {

// Everybody may open the writing end. The owner, zinit's user, keeps its rights.
constexpr mode_t kWritable = 0622;

// For a line of an OutputTail.
constexpr std::size_t kLongestLine = 512;

}  // namespace

void OutputTail::add(std::string_view line) {
  std::string text = shortened(printable(line.substr(0, kLongestLine)), kLongestLine);
  MutexLock lock(mutex_);
  bytes_ += text.size();
  lines_.push_back(std::move(text));
  for (; lines_.size() > kMostLines || bytes_ > kMostBytes; lines_.pop_front())
    bytes_ -= lines_.front().size();
}

std::vector<std::string> OutputTail::lines() const {
  MutexLock lock(mutex_);
  return {lines_.begin(), lines_.end()};
}

Result<void> give_to(uid_t user, const OutputPipes& pipes) {
  constexpr auto same_group = static_cast<gid_t>(-1);
  for (const UniqueFd* pipe : {&pipes.out, &pipes.err}) {
    if (::fchown(pipe->get(), user, same_group) == 0) continue;
    const int errnum = errno;
    if (::fchmod(pipe->get(), kWritable) < 0)
      return sys_failure("change the owner of", "an output pipe", errnum);
  }
  return {};
}

}  // namespace zinit
