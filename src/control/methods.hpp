// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of methods: the parameters, the result and the required right of each. Dispatch, the
// checks of parameters and rpc.discover use it.
//
// To add a method, add its handler and its row to the file of its family (methods_system.cpp,
// methods_service.cpp, ...).
//
// A handler runs on the control loop's thread and must not block. It returns a result or an error
// at once, or a Later, whose look() is called after every change until it returns an answer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.hpp"
#include "control/daemon.hpp"
#include "control/jsonrpc.hpp"
#include "control/objects.hpp"
#include "control/params.hpp"
#include "io/log_store.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class FileChanges;
class PowerSchedule;
class ProcessLooks;
class Scrapes;
class Settling;

/// What a peer may do, and what a method requires, in ascending order.
enum class Right : std::uint8_t {
  none,  // no method
  read,  // every method that changes nothing
  full,
};

/// How many clients there are, and what they wait for; for debug.state.
struct ControlFigures {
  std::size_t clients = 0;
  std::size_t waiting = 0;        // calls without an answer yet
  std::size_t subscriptions = 0;  // to events
  std::size_t log_subscriptions = 0;
  std::size_t bytes_of_others = 0;  // held by clients of users other than root
};

/// The objects that methods use. All outlive every call, and the Laters and callbacks of calls.
struct RpcContext {
  Board& board;
  LogStore& logs;
  Daemon& daemon;
  PowerSchedule& power;
  FileChanges& file_changes;
  ProcessLooks& processes;
  Scrapes& scrapes;
  Settling& settling;
  std::function<ControlFigures()> figures;
  std::function<void()> look_again;  // calls look() of every Later soon; on the loop's thread
  std::weak_ptr<void> turns{};       // the one answer in turns that is being made (answers.hpp)
};

/// A client's subscriptions. The session implements it.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  /// Notifies the client of each change of state of the services in `names` (empty: all).
  /// @return  the subscription's number; nothing if the client has too many
  [[nodiscard]] virtual std::optional<std::uint64_t> subscribe(std::vector<std::string> names) = 0;
  /// @return  false if this client has no such subscription
  virtual bool unsubscribe(std::uint64_t subscription) = 0;
  /// The same for lines of the logs in `names`, from `start` on.
  [[nodiscard]] virtual std::optional<std::uint64_t> subscribe_logs(std::vector<std::string> names,
                                                                    const LogStart& start) = 0;
  virtual bool unsubscribe_logs(std::uint64_t subscription) = 0;
  /// Names the client for the log: `pid 51 (zinitctl), uid 0`.
  [[nodiscard]] virtual std::string caller() const { return "a client"; }
};

struct Call {
  RpcContext& context;
  Subscriber& subscriber;
  const Params& params;
  Right right;  // the caller's
};

/// A result as JSON text, or an error.
using RpcResult = tl::expected<std::string, RpcError>;

/// An answer that comes later.
struct Later {
  /// Returns the answer once there is one. Called in the client's next turn, and then after every
  /// change of the board and at the deadline.
  std::function<std::optional<RpcResult>()> look;
  TimePoint deadline = kNever;
  /// Returns the error at the deadline. May be empty only if the deadline is kNever.
  std::function<RpcError()> at_deadline;
  /// Set if look() does long work in portions: look() is called again in the client's next turn,
  /// without a change of the board. Such calls of one client run one after the other. They have no
  /// deadline.
  bool works = false;
  /// With `works`: whether look() has nothing to do before look_again(). May be empty.
  std::function<bool()> rests{};
  /// The memory that look() holds for the answer, in bytes. Empty: it is bounded, or not the
  /// client's choice.
  std::function<std::size_t()> bytes{};
};

/// A result, and an action that begins after the result was written to the client.
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
  Shape result;
};

// The rows of each family. They are in the file of its handlers.
[[nodiscard]] std::span<const Method> discover_methods() noexcept;
[[nodiscard]] std::span<const Method> system_methods() noexcept;
[[nodiscard]] std::span<const Method> service_methods() noexcept;
[[nodiscard]] std::span<const Method> process_methods() noexcept;
[[nodiscard]] std::span<const Method> change_methods() noexcept;
[[nodiscard]] std::span<const Method> request_methods() noexcept;
[[nodiscard]] std::span<const Method> log_methods() noexcept;
[[nodiscard]] std::span<const Method> event_methods() noexcept;
[[nodiscard]] std::span<const Method> xinet_methods() noexcept;
[[nodiscard]] std::span<const Method> metrics_methods() noexcept;
[[nodiscard]] std::span<const Method> debug_methods() noexcept;
[[nodiscard]] std::span<const Method> rehearse_methods() noexcept;

/// Every method: the rows of all families.
[[nodiscard]] std::span<const Method> all_methods();

/// Calls the handler of the method that `call` names, if its parameters are valid and `right`
/// suffices. May throw std::bad_alloc. On the control loop's thread.
[[nodiscard]] Outcome dispatch(std::span<const Method> methods, const RpcCall& call, Right right,
                               RpcContext& context, Subscriber& subscriber);

}  // namespace zinit
