// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What handlers of several families share: finding a service, turning a refusal of the board into
// an error of the protocol, and answering later, when the daemon has finished the request.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "control/methods.hpp"
#include "io/loop.hpp"

namespace zinit {

// --- parameters and results in the rows of several families ---

inline constexpr Param kName{"name", ParamType::string, true, {}, "the service or target"};
inline constexpr Param kNameOptional{
    "name", ParamType::string, false, {}, "the service or target; none: all"};
inline constexpr Param kJustName[] = {kName};
inline constexpr Param kTimeout{kTimeoutName,
                                ParamType::timeout,
                                false,
                                {},
                                "the answer is the error timeout after this long; none: no limit"};
inline constexpr Param kCheck{
    "check", ParamType::boolean, false, "true",
    "first run check_exec of the services that would be restarted or reloaded"};
inline constexpr Param kLines{"lines", ParamType::count, false, "100",
                              "how many of the last lines or events"};
inline constexpr Param kUnsubscribe[] = {
    {"subscription", ParamType::count, true, {}, "the number from the answer to subscribe"},
};
/// *status_full*, and the effects on other services.
inline constexpr Shape kStatusAndEffects =
    protocol::Shapes::both<protocol::ServiceStatus, protocol::Effects>;

// --- answers ---

/// `{ok: true}`
[[nodiscard]] std::string ok_json();

/// The hint at a near name; empty if there is none.
[[nodiscard]] std::string near_hint(std::optional<std::string_view> near);
/// service_not_found, with a hint at what has this name or a near one.
[[nodiscard]] RpcError service_not_found(const RpcContext& context, std::string_view name);

/// A refusal of the board as an error about the service `name` (empty: about no service).
[[nodiscard]] RpcError refused(const RpcContext& context, std::string_view name,
                               const RequestFailure& failure);

/// A long answer. It is made in small steps, over several turns, so that it delays no other client.
class Turns {
 public:
  virtual ~Turns() = default;
  Turns& operator=(Turns&&) = delete;

  /// Takes the snapshot that the answer describes.
  virtual void begin() = 0;
  /// Whether step() needs data that has not arrived yet; look_again() follows when it has.
  [[nodiscard]] virtual bool waits() { return false; }
  /// Does a small part. @return  false if nothing was left to do
  [[nodiscard]] virtual bool step() = 0;
  [[nodiscard]] virtual RpcResult take() = 0;

 private:
  friend Later in_turns(RpcContext& context, std::shared_ptr<Turns> turns);
  bool begun_ = false;
};

/// Only one such answer is made at a time, because each needs a copy of all services.
[[nodiscard]] Later in_turns(RpcContext& context, std::shared_ptr<Turns> turns);

/// Returns the answer if there is one. With `last` it always returns an answer.
using AnswerLook = std::function<std::optional<RpcResult>(bool last)>;

/// *status_full* of `name` as it is now, with the members `more` at its end; service_not_found if
/// there is no such service. The answer waits for the check of the service's files.
[[nodiscard]] AnswerLook status_full_of(RpcContext& context, std::string_view name,
                                        std::string more = {});

/// The effects of a request on other services: the members of *effects*. A member without a value
/// is left out.
struct EffectsSource {
  std::optional<std::vector<std::string>> also_started{};
  std::optional<std::vector<std::string>> also_stopped{};
  std::optional<std::vector<std::string>> also_restarted{};
  std::optional<std::vector<std::string>> left_stopped{};
  std::optional<std::vector<std::string>> also_blocked{};
  std::optional<std::vector<std::string>> also_failed{};
};

/// Lists services that have failed, or are settled as blocked, in also_failed and also_blocked, not
/// in also_started or also_restarted. Leaves out those that a condition kept down.
[[nodiscard]] EffectsSource effects_of(const Board& board, const Board::Others& others);

/// The parameter `name`. The method's row must have it as required.
[[nodiscard]] std::string_view name_of(const Call& call);

/// The answer of look(), now or later.
[[nodiscard]] Outcome outcome_of(const AnswerLook& look);

/// A result or error as an outcome.
[[nodiscard]] Outcome outcome_of(RpcResult result);

/// The subscription that the call names.
[[nodiscard]] std::uint64_t subscription_of(const Call& call);

/// The answer of a method that begins a subscription. Without a number: the client has too many.
[[nodiscard]] Outcome subscribed(std::optional<std::uint64_t> subscription);
/// The answer of a method that ends a subscription: an error if the subscription did not exist.
[[nodiscard]] Outcome unsubscribed(const Call& call, bool existed);

/// The answer to a call that the daemon answers later, such as a reload. The client, and the call
/// with it, may be gone by then. If memory runs out, the daemon may drop its callback without
/// calling it; then the client gets the error that `answer` holds from the start. On the control
/// loop's thread.
template <class T>
class Awaited {
 public:
  /// The callback for the daemon. `put` turns a result into JSON; a refusal becomes an error about
  /// the service `name`. `context` must outlive the call.
  template <class Put>
  std::function<void(const RequestResult<T>&)> as(RpcContext& context, std::string name,
                                                  Put put) const {
    const auto refuse = [&context, name = std::move(name)](const RequestFailure& failure) {
      return refused(context, name, failure);
    };
    return as(context, refuse, put);
  }

  /// The same, but `refuse` makes the error.
  template <std::invocable<const RequestFailure&> Refuse, class Put>
  std::function<void(const RequestResult<T>&)> as(RpcContext& context, Refuse refuse,
                                                  Put put) const {
    return [state = state_, kept = std::make_shared<Kept>(state_), &context, refuse,
            put](const RequestResult<T>& result) {
      catch_all("an answer", [&] {
        state->answer = result ? RpcResult(put(result)) : tl::unexpected(refuse(result.error()));
      });
      state->there = true;
      context.look_again();
    };
  }

  /// The call's answer, for its handler to return.
  [[nodiscard]] Later later() const {
    return {[state = state_]() -> std::optional<RpcResult> {
              if (!state->there) return std::nullopt;
              return std::move(state->answer);  // a copy would be noexcept (base/result.hpp)
            },
            kNever, nullptr};
  }

 private:
  struct State {
    RpcResult answer = tl::unexpected(no_memory());
    bool there = false;
  };
  /// Destroyed with the last copy of the callback. If it was not called, the error is the answer.
  struct Kept {
    explicit Kept(std::shared_ptr<State> of) : state(std::move(of)) {}
    ~Kept() { state->there = true; }
    Kept& operator=(Kept&&) = delete;
    std::shared_ptr<State> state;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace zinit
