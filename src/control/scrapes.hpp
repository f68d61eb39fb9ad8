// Makes the answers to metrics.get.
//
// What the board, the logs and the proxies tell is copied on the control loop, a few milliseconds
// for a thousand services. What processes use is looked at on the thread of ProcessLooks, which
// makes the text, too.
//
// However many clients ask, one scrape is under way at a time. Who asks meanwhile waits for the
// next one, for what has happened before a call is to be seen in its answer; all who wait have the
// same. So a client that asks thousands of times costs two scrapes, and their memory.
//
// If a process hangs in the kernel, a call is answered after some seconds all the same, without the
// figures that are not known by then. While that look hangs no other one is begun: answers have no
// figures of processes, and no further threads are lost to it.
#pragma once

#include <memory>

#include "control/process_looks.hpp"

namespace zinit {

class Scrapes {
 public:
  /// @param patience  how long a call waits for figures of processes
  explicit Scrapes(Milliseconds patience = ProcessLooks::kPatience) : patience_(patience) {}

  /// The answer of metrics.get. `context` outlives the call. The loop's thread.
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
  RoundPtr running_;  // null: none is under way
  RoundPtr next_;     // for calls that come from now on; null: none has
  std::weak_ptr<Look> hung_;
  const std::shared_ptr<GrowingSums> sums_ = std::make_shared<GrowingSums>();
};

}  // namespace zinit
