// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The data of `top`: see top_model.hpp.
#include "client/top_model.hpp"

#include <algorithm>

#include "base/sort.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

using Count = std::optional<std::uint64_t>;

/// Growth of a counter per second. A counter that has become smaller belongs to another process.
std::optional<double> growth(const Count& before, const Count& now, double seconds) {
  if (!before || !now || *now < *before || seconds <= 0) return std::nullopt;
  return static_cast<double>(*now - *before) / seconds;
}

/// The figure to sort by. An unknown figure sorts below 0.
double figure_of(const TopRow& row, TopSort sort) {
  const auto of = [](const auto& value) { return value ? static_cast<double>(*value) : -1.0; };
  switch (sort) {
    case TopSort::cpu: return of(row.cpu_percent);
    case TopSort::memory: return of(row.stats.memory_bytes);
    case TopSort::tasks: return of(row.stats.tasks);
    case TopSort::io: return of(row.read_rate) + of(row.write_rate);
    case TopSort::name:
    case TopSort::state: break;
  }
  return 0;
}

/// Rows with equal figures are sorted by name, in both directions.
std::partial_ordering order_of(const TopRow& a, const TopRow& b, TopSort sort, bool reversed) {
  const auto order = [&]() -> std::partial_ordering {
    if (sort == TopSort::state) return a.shown <=> b.shown;
    if (sort == TopSort::name) return a.name <=> b.name;
    return figure_of(b, sort) <=> figure_of(a, sort);
  }();
  if (order == 0) return a.name <=> b.name;
  return reversed ? 0 <=> order : order;
}

}  // namespace

std::string_view top_sort_name(TopSort sort) noexcept {
  switch (sort) {
    case TopSort::cpu: return "cpu";
    case TopSort::memory: return "memory";
    case TopSort::tasks: return "tasks";
    case TopSort::io: return "io";
    case TopSort::name: return "name";
    case TopSort::state: return "state";
  }
  return "";
}

bool uses_something(const ServiceStats& stats) {
  return stats.pid || stats.memory_bytes || stats.tasks;
}

void TopModel::add_service(const ServiceStatus& status) {
  TopRow& row = services_[status.name];
  row.name = status.name;
  row.state = status.state;
  row.shown = shown_state(status);
  row.round = round_;
}

std::vector<std::string> TopModel::end_of_list() {
  rows_.clear();  // they may point to services that go now
  std::erase_if(services_, [&](const auto& each) { return each.second.round != round_; });
  std::vector<std::string> names;
  for (auto& [name, row] : services_) {
    // These have no process. A service that has exited or failed may have left some.
    if (row.state == "inactive" || row.state == "blocked")
      add_stats(name, {}, {});
    else
      names.push_back(name);
  }
  arrange();
  return names;
}

void TopModel::add_stats(const std::string& name, const ServiceStats& stats, TimePoint when) {
  const auto found = services_.find(name);
  if (found == services_.end()) return;
  TopRow& row = found->second;
  const ServiceStats before = std::exchange(row.stats, stats);
  const double seconds =
      row.sampled == TimePoint{} ? 0 : std::chrono::duration<double>(when - row.sampled).count();
  row.sampled = when;
  const auto share = growth(before.cpu_usec, stats.cpu_usec, seconds);
  row.cpu_percent = share ? std::optional(*share / 1e4) : std::nullopt;
  row.read_rate = growth(before.io_read_bytes, stats.io_read_bytes, seconds);
  row.write_rate = growth(before.io_write_bytes, stats.io_write_bytes, seconds);
}

void TopModel::sort_by(TopSort sort) {
  reversed_ = sort == sort_ && !reversed_;
  sort_ = sort;
}

void TopModel::arrange() {
  rows_.clear();
  for (const auto& [name, row] : services_) {
    if (!all_ && !uses_something(row.stats) && name != acted_on_) continue;
    if (name.find(filter_) != std::string::npos) rows_.push_back(&row);
  }
  sort_places(
      rows_.size(),
      [&](std::size_t a, std::size_t b) {
        return order_of(*rows_[a], *rows_[b], sort_, reversed_);
      },
      [&](std::size_t a, std::size_t b) { std::swap(rows_[a], rows_[b]); });
  if (pinned_.empty()) {
    selected_ = 0;
    return;
  }
  const auto pinned = std::ranges::find(rows_, pinned_, &TopRow::name);
  if (pinned != rows_.end()) selected_ = static_cast<std::size_t>(pinned - rows_.begin());
  select(selected_);  // if the service has gone, select the row in its place
}

TopTotals TopModel::totals() const {
  TopTotals totals;
  for (const auto& [name, row] : services_) {
    ++totals.services;
    ++totals.states[row.shown];
    if (row.cpu_percent) totals.cpu_percent = totals.cpu_percent.value_or(0) + *row.cpu_percent;
    totals.memory_bytes += row.stats.memory_bytes.value_or(0);
    totals.tasks += row.stats.tasks.value_or(0);
  }
  return totals;
}

std::string TopModel::state_of(const std::string& name) const {
  const auto found = services_.find(name);
  return found == services_.end() ? std::string() : found->second.state;
}

void TopModel::select(std::size_t index) {
  selected_ = std::min(index, rows_.empty() ? 0 : rows_.size() - 1);
  const std::string name = selected_name();
  if (name != acted_on_) acted_on_.clear();
  pinned_ = selected_ == 0 ? acted_on_ : name;
}

void TopModel::move(std::ptrdiff_t rows) {
  const auto index = static_cast<std::ptrdiff_t>(selected_) + rows;
  select(static_cast<std::size_t>(std::max<std::ptrdiff_t>(index, 0)));
}

std::string TopModel::selected_name() const {
  return rows_.empty() ? std::string() : rows_[selected_]->name;
}

std::size_t TopModel::first_shown(std::size_t page) {
  const std::size_t last = rows_.size() > page ? rows_.size() - page : 0;
  first_ = std::min(first_, last);
  if (selected_ < first_) first_ = selected_;
  if (page > 0 && selected_ >= first_ + page) first_ = selected_ + 1 - page;
  return first_;
}

}  // namespace zinit
