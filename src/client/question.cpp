// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Questions to a user: see question.hpp.
#include "client/question.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <map>
#include <set>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/words.hpp"
#include "os/signals.hpp"

namespace zinit {

namespace {

constexpr std::array kEndingSignals{SIGINT, SIGHUP, SIGTERM};

/// "stops a, b; "
std::string effect(std::string_view verb, const std::vector<std::string>& names) {
  return names.empty() ? "" : fmt::format("{} {}; ", verb, join(names, ", "));
}

/// `effects` is empty if there is nothing to ask.
void confirm(VerbContext& context, const std::string& effects) {
  if (effects.empty() || !asks(context)) return;
  context.flush();
  if (!says_yes(effects + "go on?")) throw VerbFailure{ExitStatus::failed, "nothing was changed"};
}

}  // namespace

HeldSignals::HeldSignals() {
  const sigset_t set = signal_set(kEndingSignals);
  ::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

HeldSignals::~HeldSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool HeldSignals::came() const {
  sigset_t pending;
  ::sigemptyset(&pending);
  ::sigpending(&pending);
  return std::ranges::any_of(kEndingSignals,
                             [&](int signal) { return ::sigismember(&pending, signal) == 1; });
}

bool await_input(int fd, Milliseconds limit) {
  const TimePoint until = after(Clock::now(), limit);
  const auto signals = open_signals(kEndingSignals);
  std::array<pollfd, 2> waited{{{fd, POLLIN, 0}, {signals ? signals->get() : -1, POLLIN, 0}}};
  while (::poll(waited.data(), waited.size(), poll_ms(until)) < 0)
    if (errno != EINTR) return false;
  return waited[1].revents == 0;
}

bool asks(const VerbContext& context) {
  return !context.arguments.has("yes") && ::isatty(STDIN_FILENO) == 1 &&
         (::isatty(STDERR_FILENO) == 1 || ::isatty(STDOUT_FILENO) == 1);
}

bool says_yes(const std::string& question) {
  std::FILE* const shown = ::isatty(STDERR_FILENO) == 1 ? stderr : stdout;
  std::fputs((printable(question) + " [Y/n] ").c_str(), shown);
  std::fflush(shown);
  std::string line;
  int next = EOF;
  // The terminal gives whole lines, so none is left in the buffer of standard input.
  if (await_input(STDIN_FILENO))
    while ((next = std::getchar()) != '\n' && next != EOF) line += static_cast<char>(next);
  if (next == EOF) std::fputs("\n", shown);
  const std::string_view answer = trim(line);
  return next != EOF && (answer.empty() || answer.front() == 'y' || answer.front() == 'Y');
}

void ask_before(VerbContext& context, const std::vector<std::string>& restarts,
                const std::vector<std::string>& stops) {
  confirm(context, effect("restarts", restarts) + effect("stops", stops));
}

void ask_before_replacing(VerbContext& context, const std::string& name) {
  if (asks(context)) confirm(context, effect("replaces", up_among(context, {name})));
}

void ask_before_all(VerbContext& context, std::string_view verb, Affects affects) {
  if (!asks(context)) return;
  const std::vector<std::string> all = context.client().list();
  const std::vector<std::string>& given = context.arguments.rest;
  const bool named = std::ranges::all_of(all, [&](const std::string& name) {
    return std::ranges::any_of(given, [&](const auto& one) { return matches(one, name); });
  });
  if (!named || std::ranges::none_of(given, is_pattern)) return;
  const std::vector<std::string> names = context.names();
  confirm(context, effect(verb, affects == Affects::all ? names : up_among(context, names)));
}

std::vector<std::string> up_among(VerbContext& context, std::vector<std::string> names) {
  std::vector<std::string> up;
  for (const ServiceStatus& status : context.client().list_full())
    if (is_up(status) && contains(names, status.name)) up.push_back(status.name);
  return up;
}

std::vector<std::string> up_beside(VerbContext& context, const std::string& target,
                                   Protects protects) {
  const std::vector<ServiceStatus> all = context.client().list_full();
  std::map<std::string_view, const ServiceStatus*> by_name;
  for (const ServiceStatus& status : all) by_name.emplace(status.name, &status);
  std::set<std::string_view> stays;
  const auto keep = [&](std::string_view first, bool and_wanted) {
    for (std::vector<std::string_view> left{first}; !left.empty();) {
      const auto found = by_name.find(left.back());
      left.pop_back();
      if (found == by_name.end() || !stays.insert(found->first).second) continue;
      const ServiceStatus& status = *found->second;
      left.insert(left.end(), status.requires_.begin(), status.requires_.end());
      left.insert(left.end(), status.binds_to.begin(), status.binds_to.end());
      if (and_wanted) left.insert(left.end(), status.wants.begin(), status.wants.end());
    }
  };
  if (!target.empty()) keep(target, true);
  for (const ServiceStatus& status : all)
    if (status.class_ == "system" && (status.wish == "up" || protects == Protects::all))
      keep(status.name, false);
  std::vector<std::string> up;
  for (const ServiceStatus& status : all)
    if (!is_at_rest(status) && status.class_ == "user" && !stays.contains(status.name))
      up.push_back(status.name);
  return up;
}

}  // namespace zinit
