// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Places: permissions to spawn. At most kMost jobs have one at a time, which is enough to keep the
// processors busy and bounds the memory of launches. All others wait in a queue, first come, first
// served.
//
// If processes are short (EAGAIN), only one job may spawn at a time, until no shortage has been
// noted for a while.
//
// The queue does not need a thread for each job: 1,000 services that start at once need kMost
// threads, because a thread whose job has come to rest takes over the next job.
//
// Threads: no locking of its own; the board's lock guards all of it.
#pragma once

#include <cstddef>
#include <list>

#include "base/time.hpp"
#include "model/graph.hpp"

namespace zinit {

class SpawnPlaces {
 public:
  /// How many jobs may spawn at once.
  static constexpr std::size_t kMost = 8;
  /// Processes count as short this long after a shortage.
  static constexpr Milliseconds kShortage{10'000};

  /// What a job holds. Withdraw it before it is destroyed.
  class Ticket {
   public:
    explicit Ticket(Slot slot) noexcept : slot_(slot) {}
    [[nodiscard]] Slot slot() const noexcept { return slot_; }
    [[nodiscard]] bool has_place() const noexcept { return has_place_; }
    [[nodiscard]] bool queued() const noexcept { return queued_; }

   private:
    friend class SpawnPlaces;
    Slot slot_;
    bool has_place_ = false;
    bool queued_ = false;
  };

  /// Queues the ticket, unless it has a place or is queued already.
  /// @return  whether it has a place
  bool ask(Ticket& ticket);
  /// Takes the ticket out of the queue. A ticket with a place keeps it.
  void withdraw(Ticket& ticket) noexcept;
  /// Takes the ticket out of the queue and frees its place.
  void give_back(Ticket& ticket) noexcept;
  /// Gives a free place to the first ticket of the queue. Null: the queue is empty or no place is
  /// free.
  [[nodiscard]] Ticket* next();
  [[nodiscard]] bool queue_empty() const noexcept { return queue_.empty(); }

  /// With `held` no ticket gets a place; tickets with a place keep it.
  void hold(bool held) noexcept { held_ = held; }
  [[nodiscard]] bool none_taken() const noexcept { return taken_ == 0; }

  /// Processes are short from now on. @return  false if they were short already
  bool note_shortage();
  [[nodiscard]] bool processes_short() const { return Clock::now() < short_until_; }
  [[nodiscard]] TimePoint short_until() const noexcept { return short_until_; }

 private:
  std::list<Ticket*> queue_;
  std::size_t taken_ = 0;
  bool held_ = false;
  TimePoint short_until_{};
};

}  // namespace zinit
