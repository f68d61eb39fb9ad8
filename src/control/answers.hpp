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
inline constexpr Param kNameOptional{"name", ParamType::string, false, {}, "the service or target"};
inline constexpr Param kJustName[] = {kName};
inline constexpr Param kTimeout{
    "timeout_ms",
    ParamType::count,
    false,
    {},
    "after so long the answer is the error timeout; none: as long as it takes"};
inline constexpr Param kCheck{"check", ParamType::boolean, false, "true",
                              "first runs check_exec of what would be restarted or reloaded"};
inline constexpr Param kLines{"lines", ParamType::count, false, "100", "the last so many"};
inline constexpr Param kUnsubscribe[] = {
    {"subscription", ParamType::count, true, {}, "as it was answered"},
};
/// *status_full*, and what was done to other services.
inline constexpr Shape kStatusAndEffects =
    protocol::Shapes::both<protocol::ServiceStatus, protocol::Effects>;

// --- answers ---

/// `{ok: true}`
[[nodiscard]] std::string ok_json();

/// service_not_found, with the nearest name as its hint.
[[nodiscard]] RpcError service_not_found(const Board& board, std::string_view name);

/// A refusal of the board as an error about the service `name` (empty: about no service).
[[nodiscard]] RpcError refused(const Board& board, std::string_view name,
                               const RequestFailure& failure);

/// An answer that takes long to make, which is made in turns: so it delays no other client.
class Turns {
 public:
  Turns() = default;
  virtual ~Turns() = default;
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  /// Takes the snapshot that the answer is about.
  virtual void begin() = 0;
  /// Whether something is missing that comes by look_again().
  [[nodiscard]] virtual bool waits() { return false; }
  /// Does a small part. @return  false if there was nothing left to do
  [[nodiscard]] virtual bool step() = 0;
  [[nodiscard]] virtual std::string take() = 0;

 private:
  friend Later in_turns(RpcContext& context, std::shared_ptr<Turns> turns);
  bool begun_ = false;
};

/// One such answer is made at a time, however many clients ask: each has a copy of everything.
[[nodiscard]] Later in_turns(RpcContext& context, std::shared_ptr<Turns> turns);

/// Gives an answer as soon as there is one, or with `last` in any case.
using AnswerLook = std::function<std::optional<RpcResult>(bool last)>;

/// *status_full* of `name` as it is now, with `more` members at its end; service_not_found if there
/// is no such service. The answer waits for what the service's files are like.
[[nodiscard]] AnswerLook status_full_of(RpcContext& context, std::string_view name,
                                        std::string more = {});

/// What a request has done to other services: the members of *effects*. What has no value is left
/// out.
struct EffectsSource {
  std::optional<std::vector<std::string>> also_started{};
  std::optional<std::vector<std::string>> also_stopped{};
  std::optional<std::vector<std::string>> also_restarted{};
  std::optional<std::vector<std::string>> left_stopped{};
  std::optional<std::vector<std::string>> also_failed{};
};

/// Those that were to be started and have failed by now are named apart; those that a condition has
/// kept down are not named.
[[nodiscard]] EffectsSource effects_of(const Board& board, const Board::Others& others);

/// The parameter `name`, which the table says is required.
[[nodiscard]] std::string_view name_of(const Call& call);

/// What look() gives, now or later.
[[nodiscard]] Outcome outcome_of(const AnswerLook& look);

/// A result or error as an outcome.
[[nodiscard]] Outcome outcome_of(RpcResult result);

/// The subscription that the call names.
[[nodiscard]] std::uint64_t subscription_of(const Call& call);

/// The answer of a method that begins a subscription; without a number the connection has too many.
[[nodiscard]] Outcome subscribed(std::optional<std::uint64_t> subscription);
/// The answer of a method that ends a subscription; an error unless that `existed`.
[[nodiscard]] Outcome unsubscribed(const Call& call, bool existed);

/// The answer to a call that the daemon answers some time after it was asked, such as a reload. The
/// client, and the call with it, may be gone when the answer comes. If the daemon drops its
/// callback without calling it, because memory ran out, the client gets the error that is set here
/// from the beginning. On the control loop's thread.
template <class T>
class Awaited {
 public:
  /// The callback for the daemon. A result is turned into JSON by `put`; a refusal becomes an error
  /// about the service `name`. `context` must outlive the call.
  template <class Put>
  std::function<void(const RequestResult<T>&)> as(RpcContext& context, std::string name,
                                                  Put put) const {
    const auto refuse = [&context, name = std::move(name)](const RequestFailure& failure) {
      return refused(context.board, name, failure);
    };
    return as(context, refuse, put);
  }

  /// The same with an error that `refuse` makes of a refusal.
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
  /// Destroyed with the last copy of the callback: if that was not called, the error is the answer.
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
