// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The data of `top`: a row for each service, figures of two samples and their difference, the order
// of the rows, and the selection. Pure: it gets all its data from callers.
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
  std::string state;  // as in the protocol
  std::string shown;  // as shown to people
  ServiceStats stats;
  // Between the last two samples: the share of one processor, and bytes per second. Nothing if
  // there is only one sample, or if the process was started again in between.
  std::optional<double> cpu_percent, read_rate, write_rate;

  TimePoint sampled{};  // time of `stats`; the clock's epoch: no sample yet
  std::uint64_t round = 0;
};

/// Whether a service has processes, or uses other resources.
[[nodiscard]] bool uses_something(const ServiceStats& stats);

/// Sums over all services.
struct TopTotals {
  std::map<std::string, std::int64_t, std::less<>> states;  // services in each, by `shown`
  int services = 0;
  std::optional<double> cpu_percent;  // nothing before the second sample
  std::uint64_t memory_bytes = 0;
  std::uint64_t tasks = 0;
};

class TopModel {
 public:
  // --- samples: one round is begin_round(), add_service() for each existing service,
  // end_of_list(), and add_stats() for each name that end_of_list() returns.
  void begin_round() { ++round_; }
  void add_service(const ServiceStatus& status);
  /// Removes services that were not added. @return  the names whose figures are needed
  [[nodiscard]] std::vector<std::string> end_of_list();
  void add_stats(const std::string& name, const ServiceStats& stats, TimePoint when);

  // --- display
  void sort_by(TopSort sort);  // the same again reverses the order
  [[nodiscard]] TopSort sort() const noexcept { return sort_; }
  [[nodiscard]] bool is_reversed() const noexcept { return reversed_; }
  void show_all(bool all) { all_ = all; }
  [[nodiscard]] bool shows_all() const noexcept { return all_; }
  void set_filter(std::string part) { filter_ = std::move(part); }  // part of a name
  [[nodiscard]] const std::string& filter() const noexcept { return filter_; }

  /// Sorts and filters the rows. Call it after all changes that affect them.
  void arrange();
  [[nodiscard]] const std::vector<const TopRow*>& rows() const noexcept { return rows_; }
  [[nodiscard]] TopTotals totals() const;
  /// The state of a service; empty if there is no such service.
  [[nodiscard]] std::string state_of(const std::string& name) const;

  // --- the selection. It follows its service to another row, unless it is in the first row and not
  // pinned: then it stays in the first row.
  void move(std::ptrdiff_t rows);
  /// Makes the selection follow its service from the first row too, and shows it while it is down.
  void pin() { pinned_ = acted_on_ = selected_name(); }
  /// The row's index; 0 if there are no rows.
  [[nodiscard]] std::size_t selected() const noexcept { return selected_; }
  /// Its service's name; empty if there are no rows.
  [[nodiscard]] std::string selected_name() const;
  /// The first row of a page of this size that contains the selected row.
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
  std::string pinned_;    // the service that the selection follows; empty: none
  std::string acted_on_;  // set by pin(), until another row is selected
  std::size_t first_ = 0;
};

}  // namespace zinit
