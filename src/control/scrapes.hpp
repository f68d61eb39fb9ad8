// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Makes the answers to metrics.get.
//
// The data of the board, the logs and the proxies is copied on the control loop, in a few
// milliseconds for a thousand services. The thread of ProcessLooks looks at processes and makes the
// text.
//
// However many clients ask, one scrape is under way at a time. A call during a scrape waits for the
// next one, because its answer must show all that happened before the call; all waiting calls share
// that answer. So thousands of calls cost two scrapes, and their memory.
//
// If a process hangs in the kernel, a call is answered after some seconds without the figures that
// are still unknown. No other look begins while that one hangs: answers have no figures of
// processes then, and no more threads are lost.
#pragma once

#include <memory>

#include "control/process_looks.hpp"

namespace zinit {

class Scrapes {
 public:
  /// @param patience  how long a call waits for figures of processes
  explicit Scrapes(Milliseconds patience = ProcessLooks::kPatience) : patience_(patience) {}

  /// The answer of metrics.get. `context` must outlive the call. On the loop's thread.
  [[nodiscard]] Later ask(RpcContext& context);

 private:
  struct Look;
  struct Round;
  using RoundPtr = std::shared_ptr<Round>;

  [[nodiscard]] std::optional<RpcResult> look(RpcContext& context, const RoundPtr& round,
                                              bool last);
  void begin(RpcContext& context, const RoundPtr& round);
  [[nodiscard]] bool is_over(const RoundPtr& round, bool last);

  const Milliseconds patience_;
  RoundPtr running_;  // null: no scrape is under way
  RoundPtr next_;     // for calls from now on; null: no call has come
  std::weak_ptr<Look> hung_;
  const std::shared_ptr<GrowingSums> sums_ = std::make_shared<GrowingSums>();
};

}  // namespace zinit
