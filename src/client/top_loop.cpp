// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The terminal side of `top`: see top_loop.hpp.
#include "client/top_loop.hpp"

#include <poll.h>

#include <algorithm>
#include <climits>
#include <cstdint>

#include "base/format.hpp"
#include "base/text.hpp"
#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"
#include "client/reports.hpp"
#include "client/words.hpp"

namespace zinit {

namespace {

// If the server has not answered for this long, `top` says so.
constexpr Milliseconds kSilence{3000};
constexpr std::int64_t kTopLogLines = 200;
constexpr int kCtrlL = 'L' - '@';

std::string_view page_title(TopAsk what) {
  return what == TopAsk::log ? "log" : what == TopAsk::why ? "why" : "status";
}

bool is_action(TopAsk ask) { return ask >= TopAsk::start; }
bool is_of_page(TopAsk ask) { return ask >= TopAsk::timers && !is_action(ask); }

}  // namespace

int TopLoop::run() {
  Client& client = context_.client();
  if (requests_.any(is_action))
    message_ = {
        "the server has executed itself again; check whether it has carried out your request",
        Colour::yellow};
  requests_.forget();
  sampler_.give_up();
  requests_.ask({TopAsk::info, {}});
  next_sample_ = {};
  while (screen_.end_signal() == 0) {
    const TimePoint now = Clock::now();
    if (context_.time_left() == Milliseconds(0))
      throw VerbFailure{ExitStatus::timeout, "the time is up"};
    if (now >= next_sample_) tick(now);
    requests_.send(client);
    take_answers();
    // Before the first sample there is nothing to show, unless the server is slow.
    if (stale_ && screen_.is_ready() && (sampled_ || silent_)) {
      stale_ = false;
      draw();
    }
    const auto left = context_.time_left();
    const TimePoint wake = left ? std::min(next_sample_, after(now, *left)) : next_sample_;
    const short events = requests_.wants_write() ? POLLIN | POLLOUT : POLLIN;
    (void)screen_.wait(client.fd(), events, poll_ms(wake));
    if (screen_.has_changed()) stale_ = true;
    while (const auto key = screen_.next_key()) {
      stale_ = true;
      if (!press(*key)) return 0;
    }
  }
  return screen_.end_signal();
}

void TopLoop::take_answers() {
  while (const auto answer = requests_.next(context_.client())) {
    silent_ = false;
    take(*answer);
    // Send requests that were queued meanwhile.
    requests_.send(context_.client());
  }
}

void TopLoop::tick(TimePoint now) {
  next_sample_ = after(now, interval_);
  if (!sampler_.is_busy()) {
    began_ = now;
    sampler_.begin();
  } else if (now - began_ >= kSilence) {
    silent_ = stale_ = true;
  }
  if (page_ && !requests_.any(is_of_page)) ask_page();
}

void TopLoop::take(const TopAnswer& answer) {
  if (sampler_.take(answer)) {
    if (sampler_.is_busy()) return;
    stale_ = true;
    context_.answered();
    if (!std::exchange(sampled_, true))
      next_sample_ = after(Clock::now(), std::min(interval_, kFirstInterval));
  } else if (answer.request.ask == TopAsk::info) {
    if (answer.error) return;
    const SystemInfo info = parse_as<SystemInfo>(answer.json);
    server_ = printable("zinit " + info.version);
    booted_ = Clock::now() - info.uptime;
  } else if (is_action(answer.request.ask)) {
    take_action(answer);
  } else {
    take_page(answer);
  }
}

/// The outcome of a start or stop, for the last line.
void TopLoop::take_action(const TopAnswer& answer) {
  stale_ = true;
  next_sample_ = {};  // so that the effect is shown at once
  const std::string name = printable(answer.request.name);
  if (answer.error) {
    message_ = {fmt::format("cannot {} {}: {}", top_ask_word(answer.request.ask), name,
                            error_words(*answer.error)),
                Colour::red};
    return;
  }
  const ServiceStatus status = ServiceStatus::parse(answer.json);
  const bool bad = answer.request.ask != TopAsk::stop && !counts_as_running(status);
  message_ = {fmt::format("{} {}", name, bad ? fault_words(status) : state_phrase(status)),
              bad ? Colour::red : Colour::green};
}

void TopLoop::take_page(const TopAnswer& answer) {
  if (!page_ || page_->number != answer.request.page) return;
  switch (answer.request.ask) {
    case TopAsk::why: page_->why = answer.json; break;
    case TopAsk::log: page_->log = answer.json; break;
    case TopAsk::timers: page_->timers = answer.json; break;
    default: page_->status = answer.json; break;
  }
  if (answer.error) page_->fault = error_words(*answer.error);
  if (requests_.any(is_of_page)) return;
  page_->loaded = stale_ = true;
}

// --- what is shown ---

Terminal TopLoop::terminal() const {
  Terminal terminal = context_.terminal();
  terminal.is_terminal = true;
  terminal.width = screen_.width();
  return terminal;
}

TopMessage TopLoop::last_line() const {
  if (mode_ == Mode::filter) return {"/" + printable(model_.filter()) + "_"};
  if (mode_ == Mode::confirm)
    return {fmt::format("{} {}? y/n", top_ask_word(wanted_.ask), printable(wanted_.name)),
            Colour::bold};
  if (silent_) return {"the server does not answer; waiting for it", Colour::yellow};
  if (!message_.text.empty()) return message_;
  if (page_ && page_->what != TopAsk::info && !page_->loaded) return {"asking the server"};
  return {page_ ? "q back  h help"
                : "h help  / filter  S start  T stop  R restart  l log  w why  "
                  "q quit",
          Colour::dim};
}

std::string TopLoop::page_text() {
  TopPage& page = *page_;
  if (page.what == TopAsk::info) return std::string(top_help());
  if (!page.loaded) return {};
  if (!page.fault.empty()) return page.fault;
  if (page.what == TopAsk::why) return why_text(terminal(), parse_as<WhyReport>(page.why));
  if (page.what == TopAsk::log) {
    std::string text;
    for (const LogLine& line : parse_as<std::vector<LogLine>>(page.log))
      text += fmt::format("{} {}\n", time_of_day(line.time_us), printable(line.line));
    return text;
  }
  StatusAnswers answers{parse_as<ServiceStatus>(page.status),
                        parse_as<std::vector<LogLine>>(page.log),
                        {},
                        parse_as<std::vector<TimerStatus>>(page.timers)};
  const ServiceStatus& status = answers.status;
  for (const auto* names : {&status.requires_, &status.binds_to, &status.wants, &status.after,
                            &status.conflicts, &status.required_by, &status.bound_by})
    for (const std::string& name : *names) answers.states[name] = model_.state_of(name);
  return status_text(terminal(), answers);
}

void TopLoop::draw_page() {
  const std::string text = page_text();
  std::vector<std::string> lines;
  for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
  if (lines.back().empty()) lines.pop_back();
  TopPage& page = *page_;
  const std::size_t height = text_page(screen_.height());
  const std::size_t last = lines.size() > height ? lines.size() - height : 0;
  if (page.first >= last) page.follows = page.what == TopAsk::log;
  page.first = page.follows ? last : std::min(page.first, last);
  const std::string title = page.what == TopAsk::info ? "keys"
                                                      : fmt::format("{}: {}", page_title(page.what),
                                                                    printable(page.name));
  screen_.show(text_lines(terminal(), screen_.height(), title, lines, page.first, last_line()));
}

void TopLoop::draw() {
  if (page_) return draw_page();
  std::string server = server_;
  if (booted_ != TimePoint{}) server += ", up " + short_duration(ms_between(booted_, Clock::now()));
  screen_.show(top_lines(terminal(), screen_.height(), model_, server, last_line()));
}

// --- keys ---

bool TopLoop::press(int key) {
  message_ = {};
  if (mode_ == Mode::filter) {
    press_in_filter(key);
    return true;
  }
  if (std::exchange(mode_, Mode::plain) == Mode::confirm) {
    if (key == 'y' || key == 'Y') act(wanted_.ask, wanted_.name);
    return true;
  }
  const std::size_t height = screen_.height();
  const auto page = static_cast<std::ptrdiff_t>(page_ ? text_page(height) : top_page(height));
  constexpr std::ptrdiff_t all = PTRDIFF_MAX / 2;
  switch (key) {
    case 'q':
    case kKeyEscape: return leave();
    case kKeyUp:
    case 'k': move(-1); break;
    case kKeyDown:
    case 'j': move(1); break;
    case kKeyPageUp: move(-std::max<std::ptrdiff_t>(page, 1)); break;
    case kKeyPageDown: move(std::max<std::ptrdiff_t>(page, 1)); break;
    case kKeyHome: move(-all); break;
    case kKeyEnd: move(all); break;
    case kCtrlL: screen_.forget(); break;
    default: press_letter(key);
  }
  return true;
}

/// Goes back one page. False from the table, unless this only ends the filter.
bool TopLoop::leave() {
  if (!page_ && model_.filter().empty()) return false;
  if (!page_) {
    model_.set_filter({});
    model_.arrange();
  }
  page_.reset();
  return true;
}

void TopLoop::press_in_filter(int key) {
  std::string text = model_.filter();
  if (key == kKeyEnter || key == kKeyEscape) mode_ = Mode::plain;
  if (key == kKeyEscape) text.clear();
  if (key == kKeyBackspace) text = cut_utf8(text, text.empty() ? 0 : text.size() - 1);
  if (key >= ' ' && key < kKeyUp && text.size() < 200) text += static_cast<char>(key);
  model_.set_filter(std::move(text));
  model_.arrange();
}

void TopLoop::press_letter(int key) {
  if (key == 'h' || key == '?') return open(TopAsk::info);
  const std::string name = page_ && !page_->name.empty() ? page_->name : model_.selected_name();
  if (!name.empty()) {
    if (!page_ && (key == 'S' || key == 'T' || key == 'R')) model_.pin();
    switch (key) {
      case 'S': return act(TopAsk::start, name);
      case 'T': wanted_ = {TopAsk::stop, name}, mode_ = Mode::confirm; return;
      case 'R': wanted_ = {TopAsk::restart, name}, mode_ = Mode::confirm; return;
      case 'l': return open(TopAsk::log);
      case 'w': return open(TopAsk::why);
      case 'd':
      case kKeyEnter: return open(TopAsk::status);
      default: break;
    }
  }
  if (page_) return;
  switch (key) {
    case 'c': model_.sort_by(TopSort::cpu); break;
    case 'm': model_.sort_by(TopSort::memory); break;
    case 't': model_.sort_by(TopSort::tasks); break;
    case 'i': model_.sort_by(TopSort::io); break;
    case 'n': model_.sort_by(TopSort::name); break;
    case 's': model_.sort_by(TopSort::state); break;
    case 'a': model_.show_all(!model_.shows_all()); break;
    case '/': mode_ = Mode::filter; break;
    default: return;
  }
  model_.arrange();
}

void TopLoop::move(std::ptrdiff_t lines) {
  if (!page_) return model_.move(lines);
  page_->follows = false;
  const auto first = static_cast<std::ptrdiff_t>(page_->first) + lines;
  page_->first = static_cast<std::size_t>(std::max<std::ptrdiff_t>(first, 0));
}

void TopLoop::open(TopAsk what) {
  std::string name = page_ && !page_->name.empty() ? page_->name : model_.selected_name();
  page_.emplace();
  page_->number = ++pages_;
  page_->what = what;
  page_->name = std::move(name);
  page_->follows = what == TopAsk::log;
  ask_page();
}

/// Asks again for the data of the page.
void TopLoop::ask_page() {
  page_->fault.clear();
  const auto ask = [&](TopAsk what, std::int64_t lines = 0) {
    requests_.ask({what, what == TopAsk::timers ? "" : page_->name, lines, page_->number});
  };
  if (page_->what == TopAsk::info) return;
  if (page_->what == TopAsk::status) {
    ask(TopAsk::timers);
    ask(TopAsk::log, kStatusLogLines);
  }
  ask(page_->what, page_->what == TopAsk::log ? kTopLogLines : 0);
}

void TopLoop::act(TopAsk what, const std::string& name) {
  requests_.ask({what, name});
  message_ = {fmt::format("{} {}: waiting for it", top_ask_word(what), printable(name)),
              Colour::cyan};
}

}  // namespace zinit
