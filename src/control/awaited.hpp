// What the daemon answers later than it is asked.
//
// Threads: the control loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "control/answers.hpp"
#include "control/methods.hpp"
#include "io/loop.hpp"

namespace zinit {

/// What the daemon answers some time after the call that asked, which may be gone by then with its
/// client. A daemon that could not come to an answer, for want of memory, has given the error that
/// is there from the beginning.
template <class T>
class Awaited {
 public:
  /// What the daemon is to call: has `result` answered as `put` makes it JSON, or a refusal, as one
  /// of `name`. `context` outlives the call.
  template <class Put>
  std::function<void(const RequestResult<T>&)> as(RpcContext& context, std::string name,
                                                  Put put) const {
    return [state = state_, kept = std::make_shared<Kept>(state_), &context, name = std::move(name),
            put](const RequestResult<T>& result) {
      catch_all("an answer", [&] {
        state->answer = result ? RpcResult(put(result))
                               : tl::unexpected(refused(context.board, name, result.error()));
      });
      state->there = true;
      context.look_again();
    };
  }

  /// What the call answers.
  [[nodiscard]] Later later() const {
    return {[state = state_]() -> std::optional<RpcResult> {
              if (!state->there) return std::nullopt;
              return std::move(state->answer);  // a copy would be noexcept (base/result.hpp)
            },
            kNever, nullptr};
  }

 private:
  struct State {
    RpcResult answer = tl::unexpected(
        RpcError(RpcCode::internal_error, "Internal error: not enough memory to answer"));
    bool there = false;
  };
  /// Gone with the last copy of the callback: nobody will answer any more.
  struct Kept {
    explicit Kept(std::shared_ptr<State> of) : state(std::move(of)) {}
    ~Kept() { state->there = true; }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    std::shared_ptr<State> state;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace zinit
