// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The terminal side of `top`: shows the table or a text, takes keys, and makes requests. It waits
// only for the next event.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "client/context.hpp"
#include "client/screen.hpp"
#include "client/top_requests.hpp"
#include "client/top_view.hpp"

namespace zinit {

/// The first sample shows no shares, so the second comes soon.
inline constexpr Milliseconds kFirstInterval{250};

/// A text in place of the table.
struct TopPage {
  std::uint64_t number = 0;
  TopAsk what = TopAsk::info;            // status, log or why; info: the help
  std::string name;                      // the service's name
  std::string status, log, why, timers;  // answers, as JSON
  std::string fault;                     // the server's error
  bool loaded = false;
  std::size_t first = 0;  // the line at the top
  bool follows = false;   // keep showing the end
};

class TopLoop {
 public:
  TopLoop(VerbContext& context, Milliseconds interval) : context_(context), interval_(interval) {}

  /// Runs over one connection and throws the error that ends it. May be called again then.
  /// @return  the signal that has ended it; 0: the user has ended it
  int run();

 private:
  enum class Mode { plain, filter, confirm };

  void take_answers();
  void take(const TopAnswer& answer);
  void take_action(const TopAnswer& answer);
  void take_page(const TopAnswer& answer);
  void tick(TimePoint now);
  void draw();
  [[nodiscard]] TopMessage last_line() const;
  [[nodiscard]] Terminal terminal() const;

  [[nodiscard]] bool press(int key);  // false: end
  void press_in_filter(int key);
  [[nodiscard]] bool leave();
  void press_letter(int key);
  void move(std::ptrdiff_t lines);
  void open(TopAsk what);
  void ask_page();
  void act(TopAsk what, const std::string& name);
  [[nodiscard]] std::string page_text();
  void draw_page();

  VerbContext& context_;
  const Milliseconds interval_;
  Screen screen_;
  TopModel model_;
  TopRequests requests_;
  TopSampler sampler_{model_, requests_};
  std::string server_ = "zinit";
  TimePoint booted_{};
  TimePoint next_sample_{}, began_{};
  bool sampled_ = false;
  bool stale_ = true;
  Mode mode_ = Mode::plain;
  TopRequest wanted_{TopAsk::stop, {}};  // to be confirmed
  TopMessage message_;
  bool silent_ = false;
  std::optional<TopPage> page_;
  std::uint64_t pages_ = 0;
};

}  // namespace zinit
