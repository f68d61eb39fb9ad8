// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Keeps facts of log pipes, and reads those of the previous process image. See log_pipe.hpp.
#include "io/log_pipe.hpp"

#include <algorithm>
#include <string_view>

#include "base/format.hpp"
#include "base/text.hpp"
#include "io/loop.hpp"
#include "io/service_log.hpp"

namespace zinit {

namespace {

// FLAGS of what is kept: "WRITER READ HELD", or "WRITER:SHOWN:FLAGS READ HELD".
constexpr long long kLeavesOut = 1, kWithin = 2;

}  // namespace

std::string pipe_key(int pipe) { return fmt::format("pipe/{}", pipe); }

PipeFact pipe_fact(const FactMap& facts, int pipe) {
  const auto found = facts.find(pipe_key(pipe));
  if (found == facts.end()) return {};
  const std::string_view text = found->second;
  const std::size_t first = text.find(' ');
  const std::size_t second = text.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return {};
  PipeFact fact;
  const auto parts = split(text.substr(0, first), ':');
  const auto number = [&parts](std::size_t nth) {
    return parts.size() > nth ? std::max(parse_integer(parts[nth]).value_or(0), 0LL) : 0;
  };
  fact.writer = static_cast<pid_t>(number(0));
  fact.read = static_cast<std::uint64_t>(
      parse_integer(text.substr(first + 1, second - first - 1)).value_or(0));
  fact.held = text.substr(second + 1);
  fact.shown = std::min(static_cast<std::size_t>(number(1)), fact.held.size());
  fact.leaves_out = (number(2) & kLeavesOut) != 0;
  fact.within = (number(2) & kWithin) != 0;
  return fact;
}

LogPipe::LogPipe(ServiceLog& to, KeptFd read_end, LogStream from, PipeWriter process,
                 StateFacts* kept_in, std::string held)
    : log(to),
      owner(to.owner()),
      facts(kept_in),
      writer(std::move(process)),
      splitter(std::move(held)),
      fd(std::move(read_end)),
      stream(from) {}

void LogPipe::keep(std::uint64_t read) noexcept {
  const pid_t pid = *writer;
  const bool holds = !splitter.held().empty() || within;
  if (facts == nullptr || (pid == kept_writer && !holds && !kept_held)) return;
  kept_writer = pid;
  kept_held = holds;
  kept_read = read;
  catch_all("what is kept of a log pipe", [&] {
    const long long flags = (leaves_out ? kLeavesOut : 0) + (within ? kWithin : 0);
    const std::string already =
        shown > 0 || flags > 0 ? fmt::format(":{}:{}", shown, flags) : std::string();
    facts->keep(pipe_key(fd.get()), fmt::format("{}{} {} {}", pid, already, read, splitter.held()));
  });
}

void LogPipe::keep_nothing() noexcept {
  if (facts == nullptr || (kept_writer == 0 && !kept_held)) return;
  catch_all("what is kept of a log pipe", [&] { facts->keep(pipe_key(fd.get()), {}); });
}

}  // namespace zinit
