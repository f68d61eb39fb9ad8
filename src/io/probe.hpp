// One look at a service over the network: whether it takes a connection (tcp), or answers a request
// as it should (http). What a probe meets is not to be trusted: every wait is bounded by the
// probe's timeout, every read by a size, and nothing is kept.
//
// A name with several addresses: they are tried one after the other until one takes the
// connection, each for its share of the time that is left, and that one answers for the service.
//
// Threads: all on the loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "io/http_reader.hpp"
#include "io/resolver.hpp"
#include "io/watcher.hpp"
#include "model/checks.hpp"
#include "model/endpoint.hpp"

namespace zinit {

/// What is looked at, and what is healthy.
struct ProbeTarget {
  Endpoint endpoint;
  bool http = false;
  std::vector<StatusRange> status{};  // http: what is healthy
  Milliseconds timeout{5000};
};

/// One look. Destroyed, it is given up.
class Probe {
 public:
  /// A text that is empty: healthy. Else what is wrong, for people: "cannot connect to ...". Where
  /// it is temporary() the machine lacks what a look takes, which says nothing of the service.
  using Done = std::function<void(Error fault)>;

  /// Begins nothing. Loop and resolver outlive the probe.
  Probe(EventLoop& loop, Resolver& resolver);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  /// Looks once, and tells `done`, from the loop and never from in here; it may destroy the probe.
  /// Once at a time. May throw std::bad_alloc.
  void start(std::shared_ptr<const ProbeTarget> target, Done done);

 private:
  void resolved(Result<Addresses> addresses);
  void connect_next();
  void connection_ready();
  void connected();
  void write_request();
  void read_answer();
  void judge();
  void address_failed(Error fault);
  void timer_due();
  void too_late();
  void finish(Error fault);
  void watch(int events, void (Probe::*ready)());

  EventLoop& loop_;
  Resolver& resolver_;
  std::shared_ptr<const ProbeTarget> target_;
  Done done_;
  TimePoint deadline_ = kNever;
  TimerWatcher timer_;
  Resolver::Query query_;
  Addresses addresses_;
  std::size_t next_address_ = 0;
  UniqueFd socket_;
  std::unique_ptr<IoWatcher> watcher_;
  std::string unsent_;
  std::unique_ptr<HttpReader> reader_;
  Error fault_;        // of the last address, or what is being waited for; at last the result
  bool over_ = false;  // and to be told
};

}  // namespace zinit
