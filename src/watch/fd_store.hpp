// Descriptors that services have zinit store for their next process: FDSTORE=1 of sd_notify(3).
//
// They are kept by slot until the service is at rest (inactive, exited or failed). A spawn holds a
// reference to those that it hands over, so a message that removes them meanwhile does not close
// them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "os/closer.hpp"
#include "os/state_facts.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

class FdStore {
 public:
  /// `closer` closes descriptors that are removed, since close(2) of a service's may take long.
  /// `facts` keeps their names; it may be null, and outlives this.
  FdStore(std::shared_ptr<Closer> closer, StateFacts* facts)
      : closer_(std::move(closer)), facts_(facts) {}

  struct Entry;
  using Entries = std::vector<std::shared_ptr<const Entry>>;

  [[nodiscard]] Entries of(Slot slot) const EXCLUDES(mutex_);

  /// Stores `fds` under `name`, except those whose open file is stored already. Stores none if the
  /// process has ended, since its service may be at rest by now.
  /// @return  how many were refused because fdstore_max are stored already. They stay in `fds`.
  /// @param sender  counts what has been sent and is not closed yet (Closer)
  std::size_t add(const CheckedProcess& process, const std::string& name,
                  std::vector<UniqueFd>& fds, const Closer::Sender& sender) EXCLUDES(mutex_);

  /// See ReadinessChecks. `sender_of` gives the sender that counts for a service.
  void take_over(Inheritance& inherited, const FactMap& facts,
                 const std::function<Closer::Sender(Slot)>& sender_of) EXCLUDES(mutex_);

  void remove(Slot slot, const std::string& name) EXCLUDES(mutex_);
  void clear(Slot slot) noexcept EXCLUDES(mutex_);

 private:
  const std::shared_ptr<Closer> closer_;
  StateFacts* const facts_;
  mutable Mutex mutex_;  // a leaf of the lock order; also taken under the board's lock
  std::map<Slot, Entries> entries_ GUARDED_BY(mutex_);
};

/// Identity of a file as the kernel has it cached; all zero if it cannot be found out.
struct FileId {
  std::uint64_t inode = 0;
  std::uint32_t major = 0, minor = 0;

  [[nodiscard]] bool operator==(const FileId&) const = default;
};

/// One descriptor. Closed with the last reference.
struct FdStore::Entry {
  Entry(Slot slot, std::string its_name, UniqueFd its_fd, FileId its_id, std::shared_ptr<Closer> by,
        Closer::Sender from)
      : name(std::move(its_name)),
        fd(std::move(its_fd), {KeptKind::stored, 0, slot}),
        id(its_id),
        closer(std::move(by)),
        sender(std::move(from)) {}
  ~Entry() { closer->close(fd.release(), sender); }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  const std::string name;
  KeptFd fd;
  const FileId id;
  const std::shared_ptr<Closer> closer;
  const Closer::Sender sender;
};

}  // namespace zinit
