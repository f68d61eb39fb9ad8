// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The display while a verb waits: see progress.hpp.
#include "client/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <string_view>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/terminal.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

constexpr Milliseconds kBetween{1000};

// Moves to the start of the line and clears the line (console_codes(4)).
constexpr std::string_view kClearLine = "\r\x1b[K";

// How many services in a row, each waiting for another one's stop, are followed.
constexpr int kStopsFollowed = 16;

void write_error(std::string_view text) noexcept {
  // There is no place to report an error of standard error.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

std::string on_interrupt;  // constant while SIGINT is handled

/// SA_RESETHAND has restored SIGINT's default, so raise() ends this program.
void interrupted(int signal) {
  write_error(on_interrupt);
  ::raise(signal);
}

/// The end of the first chain of reasons: "waits for db, which is starting, for 3 s so far".
std::string chain_words(const WhyReport& report) {
  std::size_t last = 0;
  while (last + 1 < report.reasons.size() && report.reasons[last + 1].depth > 0 &&
         report.reasons[last + 1].kind != "output")
    ++last;
  const WhyReason& reason = report.reasons[last];
  const bool exists = reason.code != "missing";
  return fmt::format("waits for {}, {} {}", reason.service, exists ? "which" : "but",
                     reason.detail);
}

}  // namespace

Progress::Progress(VerbContext& context, bool has_request, std::string_view goes_on)
    : context_(context), shows_(!context.json() && ::isatty(STDERR_FILENO) == 1) {
  on_interrupt = fmt::format("\nzinitctl: interrupted; {}\n", goes_on);
  struct sigaction action {};
  action.sa_handler = interrupted;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  // Neither call can fail: SIGINT may be handled.
  (void)::sigaction(SIGINT, nullptr, &before_);
  // A shell without job control lets background commands ignore SIGINT: keep that.
  if (has_request && before_.sa_handler != SIG_IGN) (void)::sigaction(SIGINT, &action, nullptr);
}

Progress::~Progress() {
  clear();
  (void)::sigaction(SIGINT, &before_, nullptr);
}

void Progress::show(const std::string& text) {
  Terminal terminal = context_.terminal();
  terminal.is_terminal = true;
  shown_ = true;
  write_error(fmt::format("{}{}", kClearLine, terminal.fit(printable(text), terminal.width - 1)));
}

void Progress::clear() {
  if (shown_) write_error(kClearLine);
  shown_ = false;
}

std::string Progress::waiting_for(std::string name) {
  for (int link = 0; link < kStopsFollowed; ++link) {
    const WhyReport report = context_.client().why(name);
    if (report.reasons.empty()) break;
    const WhyReason& reason = report.reasons.front();
    if (reason.service == name) return fmt::format("{}: {}", name, reason.detail);
    if (reason.kind != "stopping") return fmt::format("{}: {}", name, chain_words(report));
    name = reason.service;  // this service stops first
  }
  return "waiting for " + name;
}

template <class Attempt>
auto Progress::showing(std::optional<Milliseconds> limit, const std::string& name,
                       Attempt attempt) {
  if (!shows_) return attempt(limit);
  const TimePoint deadline = limit ? after(Clock::now(), *limit) : kNever;
  while (true) {
    const TimePoint next = std::min(deadline, after(Clock::now(), kBetween));
    try {
      auto result = attempt(Milliseconds(ms_between(Clock::now(), next)));
      clear();
      return result;
    } catch (const ClientError& error) {
      if (error.code() != ErrorCode::no_answer || next == deadline) {
        clear();
        throw;
      }
    }
    try {
      show(waiting_for(name));
    } catch (const ClientError& error) {
      if (error.code() > 0) throw;  // the connection's; otherwise the service has gone
    }
  }
}

std::string Progress::answer(std::uint64_t request, std::optional<Milliseconds> limit,
                             const std::string& name) {
  return showing(limit, name, [&](std::optional<Milliseconds> left) {
    return context_.client().answer(request, left);
  });
}

std::uint64_t Progress::first_answered(std::optional<Milliseconds> limit, const std::string& name) {
  return showing(limit, name, [&](std::optional<Milliseconds> left) {
    return context_.client().first_answered(left);
  });
}

void Progress::until_server_ends() {
  try {
    while (true) {
      const auto left = context_.time_left();
      if (left == Milliseconds(0)) throw VerbFailure{ExitStatus::timeout, "the server still runs"};
      // Only the end of the connection can come.
      (void)context_.client().dispatch(shows_ ? std::min(left.value_or(kBetween), kBetween) : left);
      if (shows_) show_who_is_left();
    }
  } catch (const ClientError& error) {
    clear();
    if (error.code() != ErrorCode::disconnected) throw;
  }
}

void Progress::show_who_is_left() {
  std::vector<ServiceStatus> left = context_.client().list_full({"name", "state"});
  std::erase_if(left, std::not_fn(is_up));
  if (left.empty()) return clear();
  show(fmt::format("{} left; {}", left.size(), waiting_for(left.front().name)));
}

}  // namespace zinit
