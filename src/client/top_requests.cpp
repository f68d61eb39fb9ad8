// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Requests of `top`: see top_requests.hpp.
#include "client/top_requests.hpp"

#include <poll.h>

#include "client/libzinit/json.hpp"
#include "client/libzinit/read_answers.hpp"

namespace zinit {

namespace {

constexpr std::string_view kTopMethods[] = {
    "system.info", "service.list_full", "service.stats", "system.timers", "service.status_full",
    "logs.get",    "service.why",       "service.start", "service.stop",  "service.restart"};

std::string params_of(const TopRequest& request) {
  if (request.ask == TopAsk::list)
    return R"({"members":["name","state","summary","wish","oneshot"]})";
  if (request.name.empty()) return {};
  JsonParams params = named(request.name);
  if (request.lines > 0) params.add_json("lines", std::to_string(request.lines));
  if (request.ask >= TopAsk::start) params.add_json("wait", "true");
  return params.text();
}

bool takes_more(int fd) {
  pollfd waited{fd, POLLOUT, 0};
  return ::poll(&waited, 1, 0) > 0;
}

}  // namespace

std::string_view top_ask_word(TopAsk ask) noexcept {
  const std::string_view method = kTopMethods[static_cast<int>(ask)];
  return method.substr(method.find('.') + 1);
}

void TopRequests::send(Client& client) {
  while (wants_write() && takes_more(client.fd())) {
    TopRequest& next = queue_[next_];
    const auto id = client.request(kTopMethods[static_cast<int>(next.ask)], params_of(next));
    sent_[id] = std::move(next);
    ++next_;
  }
  if (wants_write()) return;
  queue_.clear();
  next_ = 0;
}

void TopRequests::forget() {
  queue_.clear();
  next_ = 0;
  sent_.clear();
}

bool TopRequests::any(bool (*which)(TopAsk)) const {
  for (const auto& [id, request] : sent_)
    if (which(request.ask)) return true;
  for (std::size_t i = next_; i < queue_.size(); ++i)
    if (which(queue_[i].ask)) return true;
  return false;
}

std::optional<TopAnswer> TopRequests::next(Client& client) {
  constexpr Milliseconds at_once{0};
  try {
    if (sent_.empty()) {
      (void)client.dispatch(at_once);  // only the connection's end can come
      return std::nullopt;
    }
    const std::uint64_t id = client.first_answered(at_once);
    TopAnswer answer{std::move(sent_.at(id)), {}, {}};
    sent_.erase(id);
    try {
      answer.json = client.answer(id, at_once);
    } catch (const ClientError& error) {
      // Positive codes are the library's own: no more answers will come.
      if (error.code() > 0) throw;
      answer.error = error;
    }
    return answer;
  } catch (const ClientError& error) {
    if (error.code() != ErrorCode::no_answer) throw;
    return std::nullopt;
  }
}

void TopSampler::begin() {
  model_.begin_round();
  requests_.ask({TopAsk::list, {}});
  listing_ = true;
}

bool TopSampler::take(const TopAnswer& answer) {
  if (answer.request.ask == TopAsk::list) {
    if (answer.error) throw *answer.error;
    const JsonDocument list = parse_json(answer.json);
    json_expect_array(list, "list");
    for (const JsonValue& each : list.GetArray()) model_.add_service(read_as<ServiceStatus>(each));
    listing_ = false;
    for (std::string& name : model_.end_of_list()) {
      requests_.ask({TopAsk::stats, std::move(name)});
      ++left_;
    }
  } else if (answer.request.ask == TopAsk::stats) {
    --left_;
    // A service without an answer has just gone, or its processes cannot be read now.
    if (!answer.error)
      model_.add_stats(answer.request.name, parse_as<ServiceStats>(answer.json), Clock::now());
  } else {
    return false;
  }
  if (!is_busy()) model_.arrange();
  return true;
}

}  // namespace zinit
