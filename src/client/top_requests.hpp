// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Requests of `top`, over one connection and without waiting: they are queued, sent while the
// connection takes them, and answered in any order. Samples are made from such requests.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/top_model.hpp"
#include "zinit/client.hpp"

namespace zinit {

enum class TopAsk { info, list, stats, timers, status, log, why, start, stop, restart };

/// Its word, such as "stop".
[[nodiscard]] std::string_view top_ask_word(TopAsk ask) noexcept;

struct TopRequest {
  TopAsk ask = TopAsk::info;
  std::string name;        // the service's name; empty: none
  std::int64_t lines = 0;  // of a log
  std::uint64_t page = 0;  // the number of the page that needs it
};

struct TopAnswer {
  TopRequest request;
  std::string json;  // the result
  std::optional<ClientError> error;
};

class TopRequests {
 public:
  void ask(TopRequest request) { queue_.push_back(std::move(request)); }
  /// Drops all requests: the connection has ended, so no answers will come.
  void forget();

  /// Sends as much as the connection takes. The rest waits until the connection is writable.
  void send(Client& client);
  [[nodiscard]] bool wants_write() const noexcept { return next_ < queue_.size(); }

  /// The next answer; nothing if none has come. Throws if the connection has ended.
  [[nodiscard]] std::optional<TopAnswer> next(Client& client);

  /// Whether a request for which `which` is true is queued or unanswered.
  [[nodiscard]] bool any(bool (*which)(TopAsk)) const;

 private:
  std::vector<TopRequest> queue_;
  std::size_t next_ = 0;  // the ones before it were sent
  std::map<std::uint64_t, TopRequest> sent_;
};

/// Makes samples of all services: first a list, then the figures of each service that may have
/// processes. Only one sample is under way at a time, however slow the server is.
class TopSampler {
 public:
  TopSampler(TopModel& model, TopRequests& requests) : model_(model), requests_(requests) {}

  void begin();
  /// Gives up the present sample, because its requests were forgotten.
  void give_up() noexcept { listing_ = false, left_ = 0; }
  [[nodiscard]] bool is_busy() const noexcept { return listing_ || left_ > 0; }
  /// Takes the answer if it belongs to a sample; throws its error. @return  whether it does
  bool take(const TopAnswer& answer);

 private:
  TopModel& model_;
  TopRequests& requests_;
  bool listing_ = false;
  std::size_t left_ = 0;  // figures that have not come yet
};

}  // namespace zinit
