// The table of methods: the one place that says which methods there are, what they take, who may
// call them and what they answer. Dispatch, the checking of parameters and rpc.discover come from
// it.
//
// To add a method: a row in kMethods (methods.cpp), its handler in the file of its family
// (methods_system.cpp, methods_service.cpp, ...), declared in handlers.hpp.
//
// A handler runs on the control loop's thread and must not block. It answers at once, with a result
// or an error; or it gives a Later, which is looked at again after every change until it has an
// answer.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "control/daemon.hpp"
#include "control/jsonrpc.hpp"
#include "control/params.hpp"
#include "io/log_store.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class PowerSchedule;

/// What a peer may do, and what a method needs. Ordered.
enum class Right : std::uint8_t {
  none,  // a stranger
  read,  // every method that changes nothing
  full,
};

/// What clients cost just now; for debug.state.
struct ControlFigures {
  std::size_t clients = 0;
  std::size_t waiting = 0;  // answers that are not due yet
  std::size_t subscriptions = 0;      // to events
  std::size_t log_subscriptions = 0;
};

/// What the methods work on. It outlives every call, and what a Later or a daemon keeps of one.
struct RpcContext {
  Board& board;
  LogStore& logs;
  Daemon& daemon;
  PowerSchedule& power;
  std::function<ControlFigures()> figures;
  std::function<void()> look_again;  // has every Later looked at, soon; on the loop's thread
};

/// The client's side of a subscription; implemented by the session.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  /// From now on every change of state of the services in `names` (empty: of all) is told.
  /// @return  the subscription's number; nothing where the client has too many.
  [[nodiscard]] virtual std::optional<std::uint64_t> subscribe(std::vector<std::string> names) = 0;
  /// @return  false where this client has no such subscription.
  virtual bool unsubscribe(std::uint64_t subscription) = 0;
  /// The same for lines of logs, those of the logs in `names`, with the last `lines` of each first.
  [[nodiscard]] virtual std::optional<std::uint64_t> subscribe_logs(std::vector<std::string> names,
                                                                    std::size_t lines) = 0;
  virtual bool unsubscribe_logs(std::uint64_t subscription) = 0;
};

struct Call {
  RpcContext& context;
  Subscriber& subscriber;
  const Params& params;
  Right right;  // the caller's
};

/// A result as JSON text, or an error.
using RpcResult = tl::expected<std::string, RpcError>;

/// An answer that is not due yet.
struct Later {
  /// The answer, once there is one. Called at once, after every change of the board and at the
  /// deadline.
  std::function<std::optional<RpcResult>()> look;
  TimePoint deadline = kNever;
  /// The answer then. Not empty unless the deadline is kNever.
  std::function<RpcError()> at_deadline;
  /// It does a portion of long work each time it looks: it looks again in the client's next turn,
  /// one such call of a client after the other. It has no deadline.
  bool works = false;
};

/// A result, and what happens when it has been written to the client.
struct Then {
  std::string result;
  std::function<void()> action;
};

using Outcome = std::variant<std::string, RpcError, Then, Later>;
using Handler = Outcome (*)(Call&);

struct Method {
  std::string_view name;
  std::span<const std::string_view> aliases;
  std::span<const Param> params;
  Right right = Right::full;
  Handler handler = nullptr;
  std::string_view summary;
  std::string_view result;  // JSON Schema
};

/// Every method, in the order in which the protocol is described.
[[nodiscard]] std::span<const Method> all_methods() noexcept;

/// Carries out `call` by the method of that name in `methods`, if its parameters are right and
/// `right` is enough. May throw std::bad_alloc. On the control loop's thread.
[[nodiscard]] Outcome dispatch(std::span<const Method> methods, const RpcCall& call, Right right,
                               RpcContext& context, Subscriber& subscriber);

}  // namespace zinit
