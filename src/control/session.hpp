// One client: its calls carried out in turn, its batches, the answers it waits for and its
// subscriptions.
//
// Everything happens in turn(), which the server calls when a session has work, one session after
// the other: whatever wakes a session only puts it on the server's list. So nothing here is entered
// twice, and a session can be removed between two turns.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/connection.hpp"
#include "control/log_feed.hpp"
#include "control/methods.hpp"

namespace zinit {

class Session;

/// What sessions share and need of the server.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  /// `session` wants a turn.
  virtual void has_work(Session& session) noexcept = 0;
  /// A subscription is about to begin: events until now are none of it.
  virtual void subscribing() = 0;

  [[nodiscard]] virtual EventLoop& loop() noexcept = 0;
  [[nodiscard]] virtual RpcContext& context() noexcept = 0;
  [[nodiscard]] virtual std::span<const Method> methods() const noexcept = 0;
};

class Session final : private Subscriber {
 public:
  /// Answers that may be waited for, and subscriptions of either kind, of one client.
  static constexpr std::size_t kMaxWaits = 10000;
  static constexpr std::size_t kMaxSubscriptions = 1000;
  /// Calls that work (Later::works) are begun while fewer than this are under way.
  static constexpr std::size_t kMaxWorking = 4;
  /// In a turn, for lines of logs, whatever else the client wants.
  static constexpr std::chrono::microseconds kLinesTime{500};
  /// What the answers of one batch may come to; its calls beyond that are refused.
  static constexpr std::size_t kBatchAnswerLimit = Connection::kAnswerLimit;

  /// A stranger (`right` none) is told so and nothing else.
  Session(SessionHost& host, std::uint64_t id, Right right, UniqueFd fd);

  /// Does what there is to do until `until`, at least one call.
  /// @return  whether there is more.
  bool turn(TimePoint until);

  /// To be removed: nobody is there any more, or everything is said.
  [[nodiscard]] bool finished() const;
  void give_up() noexcept { connection_.give_up(); }

  /// The peer sends nothing more; when it goes for good is seen by its hang-up alone.
  [[nodiscard]] bool input_ended() const noexcept { return connection_.input_ended(); }

  /// What an answer waits for may have come: looked at in the next turn.
  void look_again() noexcept;

  /// Tells `event` to the subscriptions that it concerns. `members` are its members
  /// (event_members()).
  void tell(const StateEvent& event, const std::string& members) noexcept;
  /// `count` events were lost before anybody could see whom they concern.
  void tell_lost(std::uint64_t count);
  void flush() { connection_.flush(); }

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] int fd() const noexcept { return connection_.fd(); }
  [[nodiscard]] std::size_t waits() const noexcept { return waits_.size(); }
  [[nodiscard]] std::size_t subscriptions() const noexcept { return subscriptions_.size(); }
  [[nodiscard]] std::size_t log_subscriptions() const noexcept {
    return feeds_ ? feeds_->size() : 0;
  }

  std::list<Session*> ticket{this};  // moved to the server's list while it wants a turn
  bool hangup_watched = false;       // by the server

 private:
  /// The answers of one batch, until the last is there.
  struct Batch {
    std::string answers;
    std::size_t missing = 0;  // calls without an answer, notifications too
  };
  using BatchPtr = std::shared_ptr<Batch>;

  struct Wait {
    std::string id;
    BatchPtr batch;  // null: none
    Later later;
  };

  struct Subscription {
    std::uint64_t number = 0;
    std::vector<std::string> names;  // sorted; empty: all
    std::uint64_t dropped = 0;       // events that found no room and were not told of
  };

  std::optional<std::uint64_t> subscribe(std::vector<std::string> names) override;
  bool unsubscribe(std::uint64_t number) override;
  std::optional<std::uint64_t> subscribe_logs(std::vector<std::string> names,
                                              std::size_t lines) override;
  bool unsubscribe_logs(std::uint64_t number) override;
  [[nodiscard]] bool tell_lines();

  [[nodiscard]] bool step();
  [[nodiscard]] bool next_message();
  void read_message(std::string_view line);
  void carry_out(const RpcCall& call);
  [[nodiscard]] Outcome outcome_of_call(const RpcCall& call);
  void wait_for(const RpcCall& call, Later later);
  void look_at_waits();
  [[nodiscard]] std::optional<RpcResult> look_at(const Wait& wait, TimePoint now) const;
  void answer(const std::string& id, const BatchPtr& batch, const RpcResult& result);
  void put(const BatchPtr& batch, const std::string& text);
  void notify(Subscription& subscription, const std::string& members) noexcept;
  [[nodiscard]] bool tell_dropped(Subscription& subscription);

  SessionHost& host_;
  const std::uint64_t id_;
  const Right right_;
  Connection connection_;

  std::optional<RpcMessage> message_;  // whose calls are being carried out
  std::size_t next_call_ = 0;
  BatchPtr batch_;  // of message_, if it is one

  std::list<Wait> waits_;
  bool look_ = false;
  std::size_t working_ = 0;  // of waits_; one after the other
  TimerWatcher deadline_;  // the earliest of waits_

  std::vector<Subscription> subscriptions_;
  std::unique_ptr<LogFeeds> feeds_;  // null until the first
  std::uint64_t last_subscription_ = 0;
};

}  // namespace zinit
