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
#include <set>
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

  /// In the order in which they came.
  [[nodiscard]] Entries of(Slot slot) const EXCLUDES(mutex_);
  [[nodiscard]] std::size_t count(Slot slot) const EXCLUDES(mutex_);

  /// Stores `fds` under `name`, except those whose open file is stored already. Stores none if the
  /// process has ended, since its service may be at rest by now. The time that it takes grows with
  /// the number of `fds`, and hardly with that of what is stored.
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
  /// By their open files, in an order that the kernel gives them (kcmp(2)): what a descriptor that
  /// arrives is compared with are the steps of a search. Without kcmp(2) each is a file of its own.
  struct ByOpenFile {
    using is_transparent = void;
    [[nodiscard]] bool operator()(const std::shared_ptr<const Entry>& a,
                                  const std::shared_ptr<const Entry>& b) const;
    [[nodiscard]] bool operator()(const std::shared_ptr<const Entry>& a, int b) const;
    [[nodiscard]] bool operator()(int a, const std::shared_ptr<const Entry>& b) const;
  };
  using Stored = std::set<std::shared_ptr<const Entry>, ByOpenFile>;

  const std::shared_ptr<Closer> closer_;
  StateFacts* const facts_;
  mutable Mutex mutex_;  // a leaf of the lock order; also taken under the board's lock
  std::map<Slot, Stored> entries_ GUARDED_BY(mutex_);
  std::uint64_t last_number_ GUARDED_BY(mutex_) = 0;
};

/// One descriptor. Closed with the last reference.
struct FdStore::Entry {
  Entry(Slot slot, std::string its_name, UniqueFd its_fd, std::uint64_t its_number,
        std::shared_ptr<Closer> by, Closer::Sender from)
      : name(std::move(its_name)),
        fd(std::move(its_fd), {KeptKind::stored, 0, slot}),
        number(its_number),
        closer(std::move(by)),
        sender(std::move(from)) {}
  ~Entry() { closer->close(fd.release(), sender); }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  const std::string name;
  KeptFd fd;
  const std::uint64_t number;  // in the order in which they came
  const std::shared_ptr<Closer> closer;
  const Closer::Sender sender;
};

}  // namespace zinit
