// Everything that decide() looks at: the graph, a record for each service, whether a shutdown has
// begun. Plain data without clock, locks or system calls; the board guards the one of the running
// system, tests make their own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "model/graph.hpp"
#include "model/record.hpp"

namespace zinit {

/// Marks and work list of one search through the graph, kept so that a search allocates nothing
/// once it is warm. Searches are iterative: a chain may be longer than a thread's stack is deep.
class Search {
 public:
  void begin(std::size_t slots) {
    if (marks_.size() < slots) marks_.resize(slots, 0);
    if (++epoch_ == 0) {  // after four billion searches old marks would mean something again
      std::fill(marks_.begin(), marks_.end(), 0);
      epoch_ = 1;
    }
    work_.clear();
  }
  /// Marks `slot`; false where this search has seen it before.
  bool mark(Slot slot) {
    if (marks_[slot] == epoch_) return false;
    marks_[slot] = epoch_;
    return true;
  }
  [[nodiscard]] bool has(Slot slot) const { return marks_[slot] == epoch_; }
  /// Puts `slot` on the list unless this search has seen it.
  void visit(Slot slot) {
    if (mark(slot)) work_.push_back(slot);
  }
  [[nodiscard]] bool next(Slot& slot) {
    if (work_.empty()) return false;
    slot = work_.back();
    work_.pop_back();
    return true;
  }

 private:
  std::vector<std::uint32_t> marks_;
  std::vector<Slot> work_;
  std::uint32_t epoch_ = 0;
};

struct World {
  GraphPtr graph;
  std::vector<Record> records;  // by slot
  bool shutdown = false;
  Milliseconds stop_limit = Milliseconds::max();  // no stop takes longer: a shutdown in a hurry
  std::int64_t next_rank = -1;                    // of the next explicit start; ever smaller
  std::uint64_t serial = 0;

  // One for each kind of search that can be under way inside another. Not shared between threads:
  // all of a world is used under one lock.
  struct Searches {
    Search fault, coming, claim, first_try, settled, request, sight, sight_through;
    // What SettledQuestions has found out, and how its search came to each service.
    Search known_settled, known_waiting;
    std::vector<Slot> came_from, looked_at;
  };
  mutable Searches searches;

  [[nodiscard]] Record& record(Slot slot) { return records[slot]; }
  [[nodiscard]] const Record& record(Slot slot) const { return records[slot]; }
  [[nodiscard]] const Node& node(Slot slot) const { return graph->node(slot); }
  [[nodiscard]] const ServiceSpec& spec(Slot slot) const { return graph->spec(slot); }
};

}  // namespace zinit
