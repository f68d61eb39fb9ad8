// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl timers: when the timers of services are due.
#include <algorithm>

#include "base/text.hpp"
#include "base/time.hpp"
#include "client/context.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/table.hpp"

namespace zinit {

namespace {

std::string time_or_dash(std::optional<std::int64_t> time_us) {
  return time_us ? date_time(*time_us) : "-";
}

TableRow row_of(const TimerStatus& timer) {
  return {{time_or_dash(timer.next_us)},
          {timer.next_us ? us_text(*timer.next_us - wall_us()) : "-"},
          {time_or_dash(timer.last_us)},
          {printable(timer.service)},
          {printable(timer.expression)}};
}

}  // namespace

int run_timers(VerbContext& context) {
  const std::string json = context.client().call("system.timers");
  const std::vector<TimerStatus> timers = parse_as<std::vector<TimerStatus>>(json);
  constexpr const char* kNone = "no service has a timer\n";
  const TableColumn columns[] = {
      {"NEXT"}, {"LEFT", true}, {"LAST", false, kAnyWidth, 1}, {"SERVICE"}, {"TIMER"}};
  std::vector<TableRow> rows;
  for (const TimerStatus& timer : timers) rows.push_back(row_of(timer));
  return context.print_result(json,
                              rows.empty() ? kNone : table_text(context.terminal(), columns, rows));
}

}  // namespace zinit
