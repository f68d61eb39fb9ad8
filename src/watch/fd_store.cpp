// Keeping descriptors for the next process of a service.
#include "watch/fd_store.hpp"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/format.hpp"

namespace zinit {

namespace {

constexpr std::string_view kUnnamed = "stored";  // systemd's name for descriptors without one

/// The key of the fact with the name of a descriptor.
std::string name_key(int fd) { return fmt::format("stored/{}", fd); }

/// Does not ask the server of a FUSE or NFS file (AT_STATX_DONT_SYNC), which may never answer.
FileId id_of(int fd) noexcept {
  struct statx file {};
  if (::statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &file) < 0) return {};
  return {file.stx_ino, file.stx_dev_major, file.stx_dev_minor};
}

/// Whether both refer to one open file description, as copies of a descriptor do.
bool same_open_file(int a, int b) {
  const auto self = ::getpid();
  return ::syscall(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

}  // namespace

FdStore::Entries FdStore::of(Slot slot) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(slot);
  return found == entries_.end() ? Entries() : found->second;
}

/// Compares without the lock, since that takes many system calls. Only one thread at a time handles
/// messages of a service's processes, so nothing is added meanwhile.
std::size_t FdStore::add(const CheckedProcess& process, const std::string& name,
                         std::vector<UniqueFd>& fds, const Closer::Sender& sender) {
  const std::size_t most = process.spec()->readiness->fdstore_max;
  Entries kept = of(process.slot);
  std::size_t refused = 0;
  for (UniqueFd& fd : fds) {
    const FileId id = id_of(fd.get());
    const bool known = std::ranges::any_of(kept, [&](const auto& other) {
      return other->id == id && same_open_file(other->fd.get(), fd.get());
    });
    if (known) continue;
    if (kept.size() >= most) {
      ++refused;
      continue;
    }
    const std::string its_name = name.empty() ? std::string(kUnnamed) : name;
    if (facts_ != nullptr) facts_->keep(name_key(fd.get()), its_name);
    kept.push_back(
        std::make_shared<Entry>(process.slot, its_name, std::move(fd), id, closer_, sender));
  }
  MutexLock lock(mutex_);
  if (process.stage() != CheckedProcess::Stage::ended) entries_[process.slot].swap(kept);
  return refused;
}

void FdStore::take_over(Inheritance& inherited, const FactMap& facts,
                        const std::function<Closer::Sender(Slot)>& sender_of) {
  MutexLock lock(mutex_);
  for (Inheritance::One& one : inherited.take_all(KeptKind::stored)) {
    const auto name = facts.find(name_key(one.fd.get()));
    const FileId id = id_of(one.fd.get());
    entries_[one.note.slot].push_back(std::make_shared<Entry>(
        one.note.slot, name != facts.end() ? name->second : std::string(kUnnamed), one.fd.release(),
        id, closer_, sender_of(one.note.slot)));
  }
}

void FdStore::remove(Slot slot, const std::string& name) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(slot);
  if (found == entries_.end()) return;
  std::erase_if(found->second, [&](const auto& kept) { return kept->name == name; });
}

void FdStore::clear(Slot slot) noexcept {
  std::map<Slot, Entries>::node_type gone;  // freed after the lock
  MutexLock lock(mutex_);
  gone = entries_.extract(slot);
}

}  // namespace zinit
