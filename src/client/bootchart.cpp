// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Draws a boot: see bootchart.hpp.
#include "client/bootchart.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/format.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "client/svg.hpp"

namespace zinit {

namespace {

/// The period in the drawing: from the first wish for a service until the boot has settled, or
/// until now.
struct Span {
  std::int64_t begin = 0;
  std::int64_t end = 0;

  /// The position of a time in a width, from 0 to `width`.
  [[nodiscard]] double place(std::int64_t us, double width) const {
    const std::int64_t in = std::clamp(us, begin, end) - begin;
    return width * static_cast<double>(in) /
           static_cast<double>(std::max<std::int64_t>(end - begin, 1));
  }
};

/// When zinit was started, on the clock of the steps.
std::int64_t own_start_us(const SystemInfo& info) {
  return std::chrono::microseconds(info.boot.kernel.value_or(Milliseconds(0))).count();
}

Span span_of(const SystemInfo& info, const std::vector<BootStep>& steps) {
  Span span;
  span.end = own_start_us(info) +
             std::chrono::microseconds(info.boot.settled.value_or(info.uptime)).count();
  span.begin = span.end;
  for (const BootStep& step : steps) {
    span.begin = std::min(span.begin, step.wanted_us);
    span.end = std::max({span.end, step.spawned_us.value_or(0), step.ready_us.value_or(0)});
  }
  return span;
}

/// "kernel 1.2 s, zinit 40 ms, services 2.1 s; settled 3.4 s after the kernel's start"
std::string head_line(const SystemInfo& info, const Span& span) {
  std::string text;
  if (info.boot.kernel) text = fmt::format("kernel {}, ", duration_text(info.boot.kernel->count()));
  text += fmt::format("zinit {}, services {}; ", us_text(span.begin - own_start_us(info)),
                      us_text(span.end - span.begin));
  return text + fmt::format("{} {} after {} start\n",
                            info.boot.settled ? "settled" : "not settled yet", us_text(span.end),
                            info.boot.kernel ? "the kernel's" : "zinit's");
}

/// How long the service waited, and how long it took from its process to its readiness; "-" if it
/// did not get that far.
std::string waited_text(const BootStep& step) {
  return step.spawned_us ? us_text(*step.spawned_us - step.wanted_us) : "-";
}
std::string started_text(const BootStep& step) {
  return step.spawned_us && step.ready_us ? us_text(*step.ready_us - *step.spawned_us) : "-";
}

/// Whether it has failed, before or after it was ready. The last part of its bar shows that.
bool has_failed(const BootStep& step) { return step.state == "failed"; }

/// Whether the service was wanted but will not start: a condition does not hold, or it was stopped.
bool is_left_out(const BootStep& step) { return step.state == "inactive" && !step.spawned_us; }

/// The widths of a bar's parts: waiting, starting, ready. A start has at least one cell.
struct Bar {
  std::size_t waiting, starting, ready;
};

Bar bar_of(const BootStep& step, const Span& span, std::size_t width) {
  const auto cell = [&](std::int64_t us) {
    return static_cast<std::size_t>(span.place(us, static_cast<double>(width)));
  };
  const std::size_t spawned = step.spawned_us ? std::min(cell(*step.spawned_us), width - 1) : width;
  const std::size_t ready =
      step.ready_us ? std::clamp(cell(*step.ready_us), std::min(spawned + 1, width), width) : width;
  return {spawned, ready - spawned, width - ready};
}

std::string right(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, display_width(text)), ' ') + text;
}

/// The distance of marks on an axis for this period: a round time, at most about ten marks.
std::int64_t tick_of(std::int64_t us) {
  for (std::int64_t unit = 1000;; unit *= 10)
    for (const int digit : {1, 2, 5})
      if (unit * digit * 10 >= us) return unit * digit;
}

std::string figures_text(const BootStep& step) {
  if (!step.spawned_us) return "not started";
  return fmt::format("{}, {}", waited_text(step), started_text(step));
}

constexpr std::size_t kTimeWidth = 9;
constexpr std::size_t kLeastBar = 10;

}  // namespace

std::vector<bool> critical_chain(const std::vector<BootStep>& steps) {
  std::vector<bool> critical(steps.size(), false);
  std::map<std::string_view, std::size_t> by_name;
  std::size_t at = steps.size();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    by_name[steps[i].name] = i;
    if (steps[i].ready_us && (at == steps.size() || *steps[i].ready_us > *steps[at].ready_us))
      at = i;
  }
  while (at < steps.size() && !critical[at]) {
    critical[at] = true;
    const auto next = by_name.find(steps[at].waited_for);
    at = next == by_name.end() ? steps.size() : next->second;
  }
  return critical;
}

std::string bootchart_text(const Terminal& terminal, const SystemInfo& info,
                           const std::vector<BootStep>& steps) {
  if (steps.empty()) return "no service was started at boot\n";
  const Span span = span_of(info, steps);
  const std::vector<bool> critical = critical_chain(steps);
  std::size_t name_width = 4;
  for (const BootStep& step : steps)
    name_width = std::max(name_width, display_width(printable(step.name)));
  name_width = std::min(name_width, std::max<std::size_t>(terminal.width / 4, 8));
  const std::size_t before = 2 + name_width + 2 * (kTimeWidth + 1) + 2;
  const std::size_t width = std::max(terminal.width, before + kLeastBar) - before;
  const std::string begin = us_text(span.begin);
  std::string text = head_line(info, span);
  text += fmt::format("  NAME{} {} {}  {}{}\n", std::string(name_width - 4, ' '),
                      right("WAITED", kTimeWidth), right("STARTING", kTimeWidth), begin,
                      right(us_text(span.end), width - std::min(width, begin.size())));
  Terminal cut = terminal;
  cut.is_terminal = true;  // a bar needs a width on a pipe too
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::string name = cut.fit(printable(steps[i].name), name_width);
    const Bar bar = bar_of(steps[i], span, width);
    text += fmt::format("{} {}{} {} {}  ", critical[i] ? '*' : ' ', name,
                        std::string(name_width - std::min(name_width, display_width(name)), ' '),
                        right(waited_text(steps[i]), kTimeWidth),
                        right(started_text(steps[i]), kTimeWidth));
    const bool failed = has_failed(steps[i]);
    const bool spawned = steps[i].spawned_us.has_value();
    const auto part = [&](std::size_t length, bool over, char mark, Colour colour) {
      if (length > 0)
        text += terminal.paint(over ? Colour::red : colour, std::string(length, over ? 'x' : mark));
    };
    part(bar.waiting, failed && !spawned, is_left_out(steps[i]) ? '-' : '.', Colour::dim);
    part(bar.starting, failed && !steps[i].ready_us, '=', Colour::yellow);
    part(bar.ready, failed, '#', Colour::green);
    text += '\n';
  }
  return text + ". waiting  = starting  # ready  x failed  - not started  * critical chain\n";
}

std::string bootchart_svg(const SystemInfo& info, const std::vector<BootStep>& steps) {
  constexpr double row = 18, width = 780, top = 66, beside = 10;
  const Span span = span_of(info, steps);
  const std::vector<bool> critical = critical_chain(steps);
  std::string head = head_line(info, span);
  head.pop_back();
  double names = 0, figures = 0;
  for (const BootStep& step : steps) {
    names = std::max(names, Svg::width_of(step.name));
    figures = std::max(figures, Svg::width_of(figures_text(step)));
  }
  const double left = names + 2 * beside;
  const double bottom = top + row * static_cast<double>(steps.size());
  Svg svg(static_cast<int>(std::max(left + width + figures, Svg::width_of(head)) + 2 * beside),
          static_cast<int>(bottom) + 24,
          ".waiting { fill: #ddd; } .starting { fill: #e8a33d; } .ready { fill: #8cbf8c; }\n"
          ".failed { fill: #d05050; } .name { text-anchor: end; } .tick { text-anchor: middle; }\n"
          ".critical { text-anchor: end; font-weight: bold; } path { stroke: #ccc; }\n");
  svg.text("", beside, 18, head);
  double key = beside;
  for (const auto& [css_class, meaning] :
       {std::pair("waiting", "waiting"), std::pair("starting", "starting"),
        std::pair("ready", "ready"), std::pair("failed", "failed")})
    key = svg.box_key(css_class, key, 34, meaning);
  svg.text("", key, 38, "bold: the critical chain; behind each bar: waited, then starting");
  const std::int64_t tick = tick_of(span.end - span.begin);
  for (std::int64_t us = (span.begin + tick - 1) / tick * tick; us <= span.end; us += tick) {
    const double x = left + span.place(us, width);
    svg.path("", fmt::format("M{0:.1f} {1:.0f}V{2:.0f}", x, top - 4, bottom + 4));
    for (const double y : {top - 8, bottom + 18}) svg.text("tick", x, y, us_text(us));
  }
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const BootStep& step = steps[i];
    const double y = top + row * static_cast<double>(i);
    svg.text(critical[i] ? "critical" : "name", left - beside, y + 13, step.name);
    svg.text("", left + width + beside, y + 13, figures_text(step));
    const double from = span.place(step.wanted_us, width);
    const double spawned = span.place(step.spawned_us.value_or(span.end), width);
    const double ready = span.place(step.ready_us.value_or(span.end), width);
    const auto part = [&](const char* css_class, double begin, double end) {
      if (end > begin) svg.box(css_class, left + begin, y + 2, end - begin, row - 4, step.name);
    };
    if (is_left_out(step)) continue;
    part(has_failed(step) && !step.spawned_us ? "failed" : "waiting", from, spawned);
    part(has_failed(step) && !step.ready_us ? "failed" : "starting", spawned,
         step.spawned_us ? std::max(ready, spawned + 1) : spawned);
    part(has_failed(step) ? "failed" : "ready", ready, width);
  }
  return svg.take();
}

}  // namespace zinit
