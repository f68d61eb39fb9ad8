// Whose a message of /dev/log is.
#include "init/syslog_input.hpp"

#include <unistd.h>

#include <vector>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "io/syslog_message.hpp"
#include "os/ports.hpp"

namespace zinit {

namespace {

// One who floods is looked up no more often than this.
constexpr Milliseconds kSameOwner{100};

// Of one message; what is left is one more, with its line ends shown. Somebody's 64 KiB of them
// are not to push all else out of a log.
constexpr int kMostLines = 64;

}  // namespace

SyslogInput::SyslogInput(EventLoop& loop, const Board& board, const CgroupTree* cgroups,
                         LogStore& logs)
    : board_(board),
      cgroups_(cgroups),
      logs_(logs),
      dev_log_(loop, "/dev/log", [this](pid_t sender, auto bytes) { take(sender, bytes); }) {}

/// The service of a process. Its session and group tell, without a look into /proc, unless it has
/// left them, or the board does not know of the launch yet; then its cgroup, which it cannot leave;
/// and without one those that it descends from.
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

void SyslogInput::take(pid_t sender, std::string_view bytes) {
  if (sender == ::getpid()) return;
  const SyslogMessage message = parse_syslog(bytes);
  const std::string& owner = owner_of(sender);
  const std::string_view name = owner.empty() ? message.tag : std::string_view(owner);
  const Slot slot = board_.find(name);
  const bool own_name = slot != kNoSlot && name == message.tag;
  std::string head(severity_name(message.severity));
  if (!own_name && !message.tag.empty()) {
    head.append(" ").append(message.tag);
    if (slot == kNoSlot && sender > 0) head += fmt::format("[{}]", sender);
    head += ':';
  }
  const std::int64_t time_us = wall_us();
  std::string_view rest = message.text;
  for (int line = 1; line > 0; ++line) {
    const bool last = line == kMostLines;
    const auto end = last ? std::string_view::npos : rest.find('\n');
    logs_.take_message(slot == kNoSlot ? kSyslog : slot, sender, time_us,
                       last ? fmt::format("{} {}", head, printable(rest))
                            : fmt::format("{} {}", head, rest.substr(0, end)));
    if (end == std::string_view::npos) return;
    rest.remove_prefix(end + 1);
  }
}

}  // namespace zinit
