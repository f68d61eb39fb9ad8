// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One client: carries out its calls one after another, and holds its batches, its unanswered calls
// and its subscriptions.
//
// All work happens in turn(), which the server calls for one session after another. Every event
// that concerns a session only puts it on the server's list. So no function is entered while it
// runs, and a session can be removed safely between two turns.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/connection.hpp"
#include "control/log_feed.hpp"
#include "control/methods.hpp"

namespace zinit {

class Server;

/// An error answer without an id, for input that contains no call.
[[nodiscard]] std::string refusal(RpcCode code, std::string message, std::string hint);

class Session final : private Subscriber {
 public:
  /// The most unanswered calls of one client, and the most subscriptions of each kind.
  static constexpr std::size_t kMaxWaits = 10000;
  static constexpr std::size_t kMaxSubscriptions = 1000;
  /// No further call begins while this many calls with long work (Later::works) are under way.
  static constexpr std::size_t kMaxWorking = 4;
  /// Time for lines of logs in each turn, in addition to the time for calls.
  static constexpr std::chrono::microseconds kLinesTime{500};
  /// Limit for the answers of one batch, in bytes. Beyond it, further calls are refused.
  static constexpr std::size_t kBatchAnswerLimit = Connection::kAnswerLimit;

  /// A client with the right `none` gets an error that says so, and nothing else. Memory that zinit
  /// holds for the client counts for `share`, if there is one.
  Session(Server& server, std::uint64_t id, Right right, const ucred& peer, UniqueFd fd,
          SharePtr share);

  /// Works until `until`, but carries out at least one call if there is one.
  /// @return  whether more work is left
  bool turn(TimePoint until);

  /// Whether to remove the session: the client has gone, or has been sent everything.
  [[nodiscard]] bool finished() const;
  void give_up() noexcept { connection_.give_up(); }

  /// Whether the peer has closed its sending half. Then only a hang-up shows that it has gone.
  [[nodiscard]] bool input_ended() const noexcept { return connection_.input_ended(); }

  /// Has the next turn check the unanswered calls.
  void look_again() noexcept;

  /// Has the next turns notify the subscriptions of the events since the last ones.
  void look_at_events() noexcept;
  void flush() { connection_.flush(); }
  /// Whether nothing is queued for the client.
  [[nodiscard]] bool flushed() const noexcept { return connection_.output_empty(); }

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] int fd() const noexcept { return connection_.fd(); }
  [[nodiscard]] const SharePtr& share() const noexcept { return share_; }
  [[nodiscard]] std::size_t waits() const noexcept { return waits_.size(); }
  [[nodiscard]] std::size_t subscriptions() const noexcept { return subscriptions_.size(); }
  [[nodiscard]] std::size_t log_subscriptions() const noexcept {
    return feeds_ ? feeds_->size() : 0;
  }

  std::list<Session*> ticket{this};  // moved to the server's list while it wants a turn
  bool hangup_watched = false;       // set by the server

 private:
  /// Collects the answers of one batch until all are there.
  struct Batch {
    Held held;  // the answers, and the request, because waiting calls may use parts of it
    std::string answers;
    std::size_t missing = 0;  // calls without an answer, including notifications
  };
  using BatchPtr = std::shared_ptr<Batch>;

  struct Wait {
    std::string id;
    BatchPtr batch;  // null: not in a batch
    Later later;
    std::size_t bytes = 0;  // of its text and of this struct; `held` has those of Later::bytes too
    Held held;
  };

  struct Subscription {
    std::uint64_t number = 0;
    std::vector<std::string> names;  // sorted; empty: all
    std::uint64_t after = 0;         // the last event before it began
    std::uint64_t dropped = 0;       // events that were not sent, and not reported as dropped yet
    Held held;
  };

  std::optional<std::uint64_t> subscribe(std::vector<std::string> names) override;
  bool unsubscribe(std::uint64_t number) override;
  std::optional<std::uint64_t> subscribe_logs(std::vector<std::string> names,
                                              const LogStart& start) override;
  bool unsubscribe_logs(std::uint64_t number) override;
  [[nodiscard]] std::string caller() const override;
  [[nodiscard]] bool tell_lines();

  [[nodiscard]] bool step();
  [[nodiscard]] bool next_message();
  void read_message(std::string_view line);
  void carry_out(const RpcCall& call);
  [[nodiscard]] Outcome outcome_of_call(const RpcCall& call);
  void wait_for(const RpcCall& call, Later later);
  void look_at_waits(TimePoint until);
  [[nodiscard]] std::optional<RpcResult> look_at(Wait& wait, TimePoint now);
  [[nodiscard]] bool looks() const noexcept { return look_ || next_look_ != waits_.end(); }
  void answer(const std::string& id, const BatchPtr& batch, const RpcResult& result);
  void put(const BatchPtr& batch, const std::string& text);
  [[nodiscard]] bool tell_events(TimePoint until);
  void tell(const StateEvent& event);
  void notify(Subscription& subscription, const std::string& members) noexcept;
  [[nodiscard]] bool tell_dropped(Subscription& subscription);

  Server& server_;
  const std::uint64_t id_;
  const Right right_;
  const ucred peer_;
  const SharePtr share_;
  Connection connection_;

  std::optional<RpcMessage> message_;  // its calls are being carried out
  Held message_held_;
  std::size_t message_bytes_ = 0;  // size of its text
  std::size_t next_call_ = 0;
  BatchPtr batch_;  // the batch of message_, if it is one

  std::list<Wait> waits_;
  bool look_ = false;                                   // all of waits_ must be looked at
  std::list<Wait>::iterator next_look_ = waits_.end();  // the end: no look is under way
  TimePoint earliest_;                                  // deadline of those that this look has seen
  bool worked_ = false;                                 // it has seen one with Later::works
  std::size_t working_ = 0;  // number of waits_ with Later::works; they are done one after another
  bool rests_ = false;       // Later::rests of the first of these
  TimerWatcher deadline_;    // the earliest deadline of waits_

  std::vector<Subscription> subscriptions_;
  bool events_ = false;              // there may be events after told_seq_
  std::uint64_t told_seq_ = 0;       // the last event that the subscriptions were notified of
  std::unique_ptr<LogFeeds> feeds_;  // null until the first log subscription
  std::uint64_t last_subscription_ = 0;
};

}  // namespace zinit
