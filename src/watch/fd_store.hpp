// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Descriptors that zinit stores for a service's next process: FDSTORE=1 of sd_notify(3).
//
// They are stored by slot until the service is at rest (inactive, exited or failed). A spawn holds
// a reference to each descriptor that it hands over, so a message that removes the descriptor
// meanwhile does not close it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/function_ref.hpp"
#include "base/mutex.hpp"
#include "state/closer.hpp"
#include "state/state_facts.hpp"
#include "supervisor/watch_port.hpp"

namespace zinit {

class FdStore {
 public:
  /// `closer` closes removed descriptors, because close(2) of a service's descriptor may take long.
  /// `facts` keeps their names. It outlives this object.
  FdStore(std::shared_ptr<Closer> closer, StateFacts& facts)
      : closer_(std::move(closer)), facts_(facts) {}

  struct Entry;
  using Entries = std::vector<std::shared_ptr<const Entry>>;

  /// In the order of arrival.
  [[nodiscard]] Entries of(Slot slot) const EXCLUDES(mutex_);
  [[nodiscard]] std::size_t count(Slot slot) const EXCLUDES(mutex_);

  /// Stores `fds` under `name`, except those whose open file is already stored. Stores none if the
  /// process has ended, because its service may be at rest by now. The time grows with the number
  /// of `fds`, and hardly with the number of stored ones.
  /// @return  how many were refused because fdstore_max are stored already. They stay in `fds`.
  /// @param sender  counts descriptors that were sent and are not closed yet (Closer)
  std::size_t add(const CheckedProcess& process, const std::string& name,
                  std::vector<UniqueFd>& fds, const Closer::Sender& sender) EXCLUDES(mutex_);

  /// See ReadinessChecks. A descriptor with a low number, which only an older zinit gave, gets a
  /// higher one (base/low_numbers.hpp). `sender_of` gives the sender that counts for a service.
  void take_over(Inheritance& inherited, const FactMap& facts,
                 FunctionRef<Closer::Sender(Slot)> sender_of) EXCLUDES(mutex_);

  void remove(Slot slot, const std::string& name) EXCLUDES(mutex_);
  void clear(Slot slot) noexcept EXCLUDES(mutex_);

 private:
  /// Sorts by open file, in the order that the kernel gives (kcmp(2)): a new descriptor is compared
  /// only along the steps of a search. Without kcmp(2) each descriptor counts as its own file.
  struct ByOpenFile {
    using is_transparent = void;
    [[nodiscard]] bool operator()(const std::shared_ptr<const Entry>& a,
                                  const std::shared_ptr<const Entry>& b) const;
    [[nodiscard]] bool operator()(const std::shared_ptr<const Entry>& a, int b) const;
    [[nodiscard]] bool operator()(int a, const std::shared_ptr<const Entry>& b) const;
  };
  using Stored = std::set<std::shared_ptr<const Entry>, ByOpenFile>;

  const std::shared_ptr<Closer> closer_;
  StateFacts& facts_;
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
  Entry& operator=(Entry&&) = delete;

  const std::string name;
  KeptFd fd;
  const std::uint64_t number;  // grows with each arrival
  const std::shared_ptr<Closer> closer;
  const Closer::Sender sender;
};

}  // namespace zinit
