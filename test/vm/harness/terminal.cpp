// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Waits by polling the line, not for a time: each wait ends with the input that it waits for.
#include "vm/harness/terminal.hpp"

#include <charconv>

#include "base/format.hpp"
#include "support/deadline.hpp"
#include "support/system.hpp"

namespace zinit::vm {

using namespace test;

Terminal::Terminal(std::string name, UniqueFd fd, std::function<bool(TimePoint)> pump)
    : name_(std::move(name)), fd_(std::move(fd)), pump_(std::move(pump)) {}

bool Terminal::read_some() {
  char buffer[4096];
  const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  const std::string_view piece(buffer, static_cast<size_t>(n));
  if (watcher_ && n > 0) watcher_(piece);
  for (const char c : piece)
    if (c != '\r') text_ += c;
  return n > 0;
}

std::string Terminal::tail() const {
  constexpr size_t kShown = 6000;
  return text_.substr(text_.size() > kShown ? text_.size() - kShown : 0);
}

void Terminal::give_up(const std::string& awaited, bool over) const {
  throw std::runtime_error(fmt::format("{}: {} while waiting for {}; what it has shown:\n{}", name_,
                                       over ? "the machine ended" : "too late", awaited, tail()));
}

void Terminal::wait_until(const std::function<bool()>& found, const std::string& awaited,
                          TimePoint deadline) {
  while (!found()) {
    if (Clock::now() >= deadline) give_up(awaited, false);
    if (!pump_(deadline) && !found()) give_up(awaited, true);
  }
}

std::string Terminal::wait_for(std::string_view what, Milliseconds limit) {
  size_t at = std::string::npos, searched = seen_;
  const auto found = [&] {
    at = text_.find(what, searched);
    // Bytes come one at a time: the next search begins where `what` may have begun.
    if (at == std::string::npos && text_.size() >= what.size())
      searched = std::max(searched, text_.size() - what.size() + 1);
    return at != std::string::npos;
  };
  wait_until(found, fmt::format("'{}'", what), Clock::now() + limit);
  const size_t from = std::exchange(seen_, at + what.size());
  return text_.substr(from, seen_ - from);
}

std::string Terminal::wait_for_match(const std::string& pattern, Milliseconds limit) {
  const std::regex regex(pattern);
  std::smatch match;
  const auto found = [&] {
    return std::regex_search(text_.cbegin() + static_cast<std::ptrdiff_t>(seen_), text_.cend(),
                             match, regex);
  };
  wait_until(found, "/" + pattern + "/", Clock::now() + limit);
  seen_ = static_cast<size_t>(match[0].second - text_.cbegin());
  return match[0];
}

void Terminal::send(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EINTR)
      throw std::runtime_error(name_ + ": cannot type: the line is closed");
    if (n > 0) text.remove_prefix(static_cast<size_t>(n));
  }
}

Answer Terminal::run(const std::string& command, Milliseconds limit) {
  return run_here(fmt::format("( {}\n)", command), limit);
}

Answer Terminal::run_here(const std::string& command, Milliseconds limit) {
  const unsigned n = ++commands_;
  // The quotation marks keep both marks out of the typed words. A line with an echo shows the words
  // too, and if they come while the shell ends its last answer, their begin before its newline.
  send(fmt::format("echo BEGIN' '{}; {{ {}\n}} 2>&1 </dev/null; echo END' '{} $?.\n", n, command,
                   n));
  wait_for(fmt::format("BEGIN {}\n", n), limit);
  const std::string end = fmt::format("END {} ", n);
  std::string output = wait_for(end, limit);
  output.resize(output.size() - end.size());
  return {number_in(wait_for(".", limit)), output};
}

int Terminal::number_in(const std::string& text) const {
  int number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault == std::errc()) return number;
  throw std::runtime_error(
      fmt::format("{}: '{}' is no number; what it has shown:\n{}", name_, text, tail()));
}

std::string Terminal::output_of(const std::string& command, Milliseconds limit) {
  const Answer answer = run(command, limit);
  if (answer.code == 0) return answer.output;
  throw std::runtime_error(
      fmt::format("{}: '{}' ended with {}: {}", name_, command, answer.code, answer.output));
}

std::string Terminal::repeat_until(const std::string& command, std::string_view what,
                                   Milliseconds limit) {
  constexpr Milliseconds kPause{250};  // asking costs an emulated machine much
  Answer answer{};
  const bool shown = test::becomes_true(
      [&] {
        answer = run(command, limit);
        return answer.output.find(what) != std::string::npos;
      },
      limit, kPause, kPause);
  if (shown) return answer.output;
  throw std::runtime_error(fmt::format("{}: '{}' does not come to show '{}' but: {}", name_,
                                       command, what, answer.output));
}

}  // namespace zinit::vm
