// What `top` asks the server, over one connection and without waiting: requests are queued, sent
// while the connection takes them, and answered in any order. And its samples, which are made so.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "client/top_model.hpp"
#include "zinit/client.hpp"

namespace zinit {

enum class TopAsk { info, list, stats, timers, status, log, why, start, stop, restart };

/// The word for it, as in "stop".
[[nodiscard]] std::string_view top_ask_word(TopAsk ask) noexcept;

struct TopRequest {
  TopAsk ask = TopAsk::info;
  std::string name;        // of the service; empty where it is about none
  std::int64_t lines = 0;  // of a log
  std::uint64_t page = 0;  // the number of the page that it is for
};

struct TopAnswer {
  TopRequest request;
  std::string json;  // the result
  std::optional<ClientError> error;
};

class TopRequests {
 public:
  void ask(TopRequest request) { queue_.push_back(std::move(request)); }
  /// The connection has ended, and what was asked over it will not be answered.
  void forget();

  /// Sends what the connection takes. What is left waits until that is writable.
  void send(Client& client);
  [[nodiscard]] bool wants_write() const noexcept { return next_ < queue_.size(); }

  /// The next answer; nothing if none has come. Throws where the connection has ended.
  [[nodiscard]] std::optional<TopAnswer> next(Client& client);

  /// Whether any request that `which` is true of is queued or not answered.
  [[nodiscard]] bool any(bool (*which)(TopAsk)) const;

 private:
  std::vector<TopRequest> queue_;
  std::size_t next_ = 0;  // those before it have been sent
  std::map<std::uint64_t, TopRequest> sent_;
};

/// Makes samples of all services: a list of them, and then the figures of each that may have
/// processes. There is one sample under way at most, however slow the server is.
class TopSampler {
 public:
  TopSampler(TopModel& model, TopRequests& requests) : model_(model), requests_(requests) {}

  void begin();
  /// The sample that is under way is given up: its requests were forgotten.
  void give_up() noexcept { listing_ = false, left_ = 0; }
  [[nodiscard]] bool is_busy() const noexcept { return listing_ || left_ > 0; }
  /// Takes the answer if it is of its own; throws its error. @return  whether it was
  bool take(const TopAnswer& answer);

 private:
  TopModel& model_;
  TopRequests& requests_;
  bool listing_ = false;
  std::size_t left_ = 0;  // figures that are still to come
};

}  // namespace zinit
