// What `top` knows: a row for each service, the figures of two samples and what lies between them,
// the order of the rows, and which one is selected. Pure: it is told everything.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "zinit/client.hpp"

namespace zinit {

enum class TopSort { cpu, memory, tasks, io, name, state };

[[nodiscard]] std::string_view top_sort_name(TopSort sort) noexcept;

struct TopRow {
  std::string name;
  std::string state;  // as the protocol has it
  std::string shown;  // as people are shown it
  ServiceStats stats;
  // Between the last two samples: the share of one processor, and bytes a second. Nothing where
  // there is one sample only, or the process was started anew in between.
  std::optional<double> cpu_percent, read_rate, write_rate;

  TimePoint sampled{};  // when `stats` were; never yet if it is the clock's beginning
  std::uint64_t round = 0;

  /// Whether it has processes, or anything else that counts.
  [[nodiscard]] bool uses_something() const;
};

/// Sums over all services.
struct TopTotals {
  std::map<std::string, std::int64_t, std::less<>> states;  // how many are in each, by `shown`
  int services = 0;
  std::optional<double> cpu_percent;  // nothing before the second sample
  std::uint64_t memory_bytes = 0;
  std::uint64_t tasks = 0;
};

class TopModel {
 public:
  // --- samples: a round is begin_round(), add_service() for each that there is, end_of_list(), and
  // add_stats() for each of those that are to be asked for.
  void begin_round() { ++round_; }
  void add_service(const ServiceStatus& status);
  /// Those that were not added have gone. @return  the names that figures are to be asked for
  [[nodiscard]] std::vector<std::string> end_of_list();
  void add_stats(const std::string& name, const ServiceStats& stats, TimePoint when);

  // --- what is shown
  void sort_by(TopSort sort);  // the same again: the other way round
  [[nodiscard]] TopSort sort() const noexcept { return sort_; }
  [[nodiscard]] bool is_reversed() const noexcept { return reversed_; }
  void show_all(bool all) { all_ = all; }
  [[nodiscard]] bool shows_all() const noexcept { return all_; }
  void set_filter(std::string part) { filter_ = std::move(part); }  // of names
  [[nodiscard]] const std::string& filter() const noexcept { return filter_; }

  /// Puts the rows in order; to be called after all that changes them.
  void arrange();
  [[nodiscard]] const std::vector<const TopRow*>& rows() const noexcept { return rows_; }
  [[nodiscard]] TopTotals totals() const;
  /// The state of a service; empty if there is none of that name.
  [[nodiscard]] std::string state_of(const std::string& name) const;

  // --- the selection. It stays with its service wherever that goes to, unless it is in the first
  // row and not pinned: then it stays there.
  void move(std::ptrdiff_t rows);
  /// Has it stay with its service in the first row too, and has that shown while it is down.
  void pin() { pinned_ = acted_on_ = selected_name(); }
  void move_to_first() { select(0); }
  void move_to_last() { select(rows_.size()); }
  /// The row's index; 0 where there is none.
  [[nodiscard]] std::size_t selected() const noexcept { return selected_; }
  /// Its name; empty if there is no row.
  [[nodiscard]] std::string selected_name() const;
  /// The first row of a page of so many that has the selected one.
  [[nodiscard]] std::size_t first_shown(std::size_t page);

 private:
  void select(std::size_t index);

  std::map<std::string, TopRow> services_;
  std::vector<const TopRow*> rows_;
  std::uint64_t round_ = 0;
  TopSort sort_ = TopSort::cpu;
  bool reversed_ = false;
  bool all_ = false;
  std::string filter_;
  std::size_t selected_ = 0;
  std::string pinned_;    // the name of the service that the selection stays with; empty: none
  std::string acted_on_;  // the same, after pin()
  std::size_t first_ = 0;
};

}  // namespace zinit
