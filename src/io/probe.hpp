// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A probe of a service over the network: does it accept a connection (tcp), or answer a request
// with a healthy status (http)? The server is not trusted: the probe's timeout limits every wait,
// and the size of a response is limited too.
//
// The addresses of a name are tried in order, each for an equal share of the remaining time. The
// first address that accepts the connection decides: its HTTP status is final.
//
// Threads: only the loop's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/dial.hpp"
#include "io/http_reader.hpp"
#include "io/watcher.hpp"
#include "model/checks.hpp"
#include "model/endpoint.hpp"

namespace zinit {

/// What to probe, and which answers are healthy.
struct ProbeTarget {
  Endpoint endpoint;
  bool http = false;
  std::vector<StatusRange> status{};  // the healthy ones; for http
  Milliseconds timeout{5000};
};

/// One probe. Its destructor cancels it.
class Probe {
 public:
  /// An empty text: healthy. Otherwise the text says what is wrong: "cannot connect to ...". A
  /// temporary() error says nothing about the service: zinit lacked memory or descriptors.
  using Done = std::function<void(Error fault)>;

  /// Loop and resolver outlive the probe.
  Probe(EventLoop& loop, Resolver& resolver);
  ~Probe();
  Probe& operator=(Probe&&) = delete;

  /// Probes once, then calls `done` from the loop, never from start() itself. `done` may destroy
  /// the Probe. Do not call while a probe is under way. May throw std::bad_alloc.
  void start(std::shared_ptr<const ProbeTarget> target, Done done);

 private:
  void resolved(Result<Addresses> addresses);
  void connect_next();
  void connection_ready();
  void connected();
  void write_request();
  void read_answer();
  void judge();
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
  Dial dial_;
  std::unique_ptr<IoWatcher> watcher_;
  std::string unsent_;
  std::unique_ptr<HttpReader> reader_;
  Error fault_;        // once over_: the result; before: the result if time runs out now
  bool over_ = false;  // timer_ is about to call done_
};

}  // namespace zinit
