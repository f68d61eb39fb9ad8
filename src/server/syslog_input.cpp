// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Finds the service that a message of /dev/log belongs to.
#include "server/syslog_input.hpp"

#include <unistd.h>

#include <vector>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "io/syslog_message.hpp"
#include "os/tcp_ports.hpp"

namespace zinit {

namespace {

// How long zinit remembers the last sender's service, so that a flood costs few look-ups.
constexpr Milliseconds kSameOwner{100};

// The most lines of one message; the rest becomes one more line, with newlines escaped. Otherwise a
// message of 64 KiB of newlines would push everything else out of a log.
constexpr int kMostLines = 64;

}  // namespace

SyslogInput::SyslogInput(EventLoop& loop, const Board& board, const CgroupTree* cgroups,
                         LogStore& logs, StateFacts& facts)
    : board_(board),
      cgroups_(cgroups),
      logs_(logs),
      dev_log_(
          loop, "/dev/log", [this](const ucred& sender, auto bytes) { take(sender, bytes); },
          &facts) {}

/// The service of a process. Its session and process group name it without a read of /proc. If it
/// has left these, or the board does not know the launch yet, its cgroup names it; without cgroups,
/// its ancestors.
std::string SyslogInput::find_owner(pid_t pid) const {
  if (pid <= 0) return {};
  std::vector<pid_t> known{pid};
  for (const pid_t each : {::getpgid(pid), ::getsid(pid)})
    if (each > 0) known.push_back(each);
  std::string owner = board_.owner_of(known);
  if (!owner.empty() || known.size() == 1) return owner;
  if (cgroups_ != nullptr) owner = cgroups_->service_of(pid);
  return owner.empty() ? board_.owner_of(lineage_of(pid)) : owner;
}

const std::string& SyslogInput::owner_of(pid_t pid) {
  const TimePoint now = Clock::now();
  if (pid != last_sender_ || now >= last_until_) {
    last_owner_ = find_owner(pid);
    last_sender_ = pid;
    last_until_ = after(now, kSameOwner);
  }
  return last_owner_;
}

/// The service whose log a message of this sender belongs to; kNoSlot: the log `syslog`.
Slot SyslogInput::log_of(const ucred& sender, std::string_view tag) {
  const std::string& owner = owner_of(sender.pid);
  const Slot slot = board_.find(owner.empty() ? tag : std::string_view(owner));
  const bool may = !owner.empty() || sender.uid == 0 || board_.user_of(slot) == sender.uid;
  return may ? slot : kNoSlot;
}

void SyslogInput::take(const ucred& sender, std::string_view bytes) {
  if (sender.pid == ::getpid()) return;
  const SyslogMessage message = parse_syslog(bytes);
  const Slot slot = log_of(sender, message.tag);
  const bool own_name = slot != kNoSlot && slot == board_.find(message.tag);
  std::string head(severity_name(message.severity));
  if (!own_name && !message.tag.empty()) {
    head.append(" ").append(message.tag);
    if (slot == kNoSlot && sender.pid > 0) head += fmt::format("[{}]", sender.pid);
    head += ':';
  }
  const std::int64_t time_us = wall_us();
  std::string_view rest = message.text;
  for (int line = 1; line > 0; ++line) {
    const bool last = line == kMostLines;
    const auto end = last ? std::string_view::npos : rest.find('\n');
    logs_.take_message(slot == kNoSlot ? kSyslog : slot, sender.pid, time_us,
                       last ? fmt::format("{} {}", head, printable(rest))
                            : fmt::format("{} {}", head, rest.substr(0, end)));
    if (end == std::string_view::npos) return;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace zinit
