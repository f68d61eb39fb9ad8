// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// zinitctl top: shows live in the terminal what services use, with keys to inspect, start and stop
// them; or prints one sample as JSON.
#include <poll.h>
#include <unistd.h>

#include <csignal>

#include "base/format.hpp"
#include "client/libzinit/json.hpp"
#include "client/top_loop.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kDefaultInterval{1000};
constexpr Milliseconds kLeastInterval{100};

std::string sample_json(const TopRow& row) {
  const ServiceStats& stats = row.stats;
  JsonWriter writer;
  writer.begin_object().member("name", row.name).member("state", row.state);
  writer.member("pid", stats.pid).member("memory_bytes", stats.memory_bytes);
  writer.member("cpu_usec", stats.cpu_usec).key("cpu_percent");
  writer.put_raw(row.cpu_percent ? fmt::format("{:.1f}", *row.cpu_percent) : "null");
  writer.member("tasks", stats.tasks).member("io_read_bytes", stats.io_read_bytes);
  return writer.member("io_write_bytes", stats.io_write_bytes).end_object().take();
}

/// Waits until the sample is complete.
void make_sample(VerbContext& context, TopRequests& requests, TopSampler& sampler) {
  Client& client = context.client();
  const TimePoint deadline = after(Clock::now(), context.patience());
  sampler.begin();
  while (true) {
    requests.send(client);
    while (const auto answer = requests.next(client)) {
      (void)sampler.take(*answer);
      requests.send(client);
    }
    if (!sampler.is_busy()) return;
    if (Clock::now() >= deadline)
      throw VerbFailure{ExitStatus::timeout, "the server did not answer in time"};
    const short events = requests.wants_write() ? POLLIN | POLLOUT : POLLIN;
    pollfd waited{client.fd(), events, 0};
    (void)::poll(&waited, 1, poll_ms(deadline));
  }
}

/// Waits until it is time for the second sample.
void pass_interval(const VerbContext& context, Milliseconds interval) {
  const auto left = context.time_left();
  if (left && *left < interval)
    throw VerbFailure{ExitStatus::timeout,
                      "the second sample comes after --interval, and --timeout is over before"};
  (void)::poll(nullptr, 0, poll_ms(after(Clock::now(), interval)));
}

/// Prints the sample after the interval. If the interval has no end, prints the first one, which
/// has no shares of a processor.
int print_sample(VerbContext& context, Milliseconds interval) {
  const std::string text = context.over_reexecutions([&] {
    TopModel model;
    TopRequests requests;
    TopSampler sampler(model, requests);
    make_sample(context, requests, sampler);
    if (interval < kLongest) {
      pass_interval(context, interval);
      make_sample(context, requests, sampler);
    }
    model.sort_by(TopSort::name);
    model.arrange();
    std::string array;
    for (const TopRow* row : model.rows())
      array.append(array.empty() ? "[" : ",").append(sample_json(*row));
    return array.empty() ? std::string("[]") : array + "]";
  });
  context.print_json(text);
  return ExitStatus::done;
}

void expect_screen(const VerbContext& context) {
  const char* fault = nullptr;
  if (::isatty(STDIN_FILENO) == 0 || ::isatty(STDOUT_FILENO) == 0)
    fault = "standard input and output are no terminal";
  else if (is_dumb())
    fault = "a terminal of the type that $TERM names has no screen";
  if (fault == nullptr) return;
  throw VerbFailure{ExitStatus::usage,
                    fmt::format("{}; `zinitctl {} --json` prints one sample, `zinitctl stats` a "
                                "table",
                                fault, context.verb.name)};
}

}  // namespace

int run_top(VerbContext& context) {
  const auto given = seconds_of(context.arguments, "interval");
  if (!given) throw VerbFailure{ExitStatus::usage, given.error().text};
  if (*given && **given < kLeastInterval)
    throw VerbFailure{ExitStatus::usage, "--interval: 0.1 seconds are the shortest"};
  if (context.json()) return print_sample(context, given->value_or(kFirstInterval));
  expect_screen(context);
  (void)context.client();  // report errors of the server before the screen is taken
  const int signal = [&] {
    TopLoop loop(context, given->value_or(kDefaultInterval));
    return context.follow([&] { return loop.run(); });
  }();  // the screen is restored before the signal is handled
  if (signal == 0) return ExitStatus::done;
  // A parent that waits for this program must see which signal has ended it.
  (void)::raise(signal);
  return ExitStatus::failed;  // the signal is ignored, and the terminal has gone
}

}  // namespace zinit
