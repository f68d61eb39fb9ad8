// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Decides when to probe and what to report. See prober.hpp.
#include "watch/prober.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

// At most kBurst probes begin within kBurstTime. A thousand services that were started together
// have all been probed after a quarter of a second.
constexpr int kBurst = 4;
constexpr Milliseconds kBurstTime{1};

/// What to probe over the network; null if the endpoint is invalid.
std::shared_ptr<const ProbeTarget> target_of(const HealthCheck& health) {
  auto target = std::make_shared<ProbeTarget>();
  target->http = health.type == ProbeType::http;
  auto endpoint =
      target->http ? parse_http_endpoint(health.endpoint) : parse_tcp_endpoint(health.endpoint);
  if (!endpoint) return nullptr;
  target->endpoint = *std::move(endpoint);
  target->status = health.status;
  target->timeout = health.timeout;
  return target;
}

}  // namespace

/// A process that is probed, or that was probed until a reload removed its [health].
struct Prober::Watched {
  Watched(EventLoop& loop, CheckedProcessPtr of, std::function<void(Watched&)> due)
      : process(std::move(of)),
        passed(process->healthy),
        running(process->running()),
        failures(process->failures),
        reported_failure(failures > 0),
        timer(loop, [this, due = std::move(due)] { due(*this); }) {}

  const CheckedProcessPtr process;
  SpecPtr spec;                               // null before the first look
  std::shared_ptr<const ProbeTarget> target;  // null: a command
  std::unique_ptr<Probe> probe;               // the probe under way
  bool command_runs = false;                  // a command is under way
  bool outdated = false;                      // this command is from earlier settings
  bool passed;                                // a probe passed at least once
  bool spread = false;                        // see share_of(): done
  bool running;                               // whether the service was running at the last look
  int failures;                               // in a row; reset when the service is running
  bool reported_failure;                      // since the last success
  TimerWatcher timer;
};

Prober::Prober(EventLoop& loop)
    : loop_(loop), resolver_(loop), look_again_(loop, [this] { look_again(); }) {}

Prober::~Prober() = default;

void Prober::watch(const CheckedProcessPtr& process) {
  auto watched = std::make_unique<Watched>(loop_, process, [this](Watched& which) { due(which); });
  {
    MutexLock lock(mutex_);
    arrived_.push_back(std::move(watched));
  }
  look_again_.ask();
}

void Prober::look_again() {
  {
    MutexLock lock(mutex_);
    watched_.splice(watched_.end(), arrived_);
  }
  std::erase_if(watched_, [this](const auto& each) { return !follow(*each); });
}

bool Prober::follow(Watched& watched) {
  CheckedProcess& process = *watched.process;
  if (process.stage() != CheckedProcess::Stage::alive) return false;
  if (std::exchange(watched.running, process.running()) != watched.running && watched.running)
    watched.failures = 0;
  if (process.spec() != watched.spec) use_settings(watched);
  if (!watched.command_runs) return true;
  auto result = process.take_probe_result();
  if (!result) return true;
  watched.command_runs = false;
  if (!std::exchange(watched.outdated, false))
    finished(watched, *result);
  else if (!watched.probe)
    watched.timer.set(Milliseconds::zero());
  return true;
}

void Prober::use_settings(Watched& watched) {
  const SpecPtr before = std::exchange(watched.spec, watched.process->spec());
  const HealthCheck& health = *watched.spec->health;
  if (before && *before->health == health) return;
  watched.probe.reset();
  watched.outdated = watched.command_runs;
  if (before) watched.failures = 0;
  watched.timer.stop();
  watched.target.reset();
  if (!health.configured()) return;
  const bool command = health.type == ProbeType::exec;
  watched.target = command ? nullptr : target_of(health);
  watched.timer.set(Milliseconds::zero());
}

void Prober::due(Watched& watched) {
  if (watched.process->stage() != CheckedProcess::Stage::alive) return;
  const HealthCheck& health = *watched.spec->health;
  if (!health.configured()) return;
  watched.timer.set(health.interval);
  if (too_many_now()) {
    ++shares_;
    return watched.timer.set(kBurstTime * (1 + shares_ % kBurst));
  }
  if (health.type == ProbeType::exec) {
    if (watched.command_runs) return;  // from earlier settings: follow() waits for it
    board_->run_probe(watched.process);
    watched.command_runs = true;
    return watched.timer.stop();
  }
  if (!watched.target) return;
  watched.probe = std::make_unique<Probe>(loop_, resolver_);
  watched.probe->start(watched.target, [this, &watched](const Error& fault) {
    const auto done = std::move(watched.probe);
    finished(watched, fault);
  });
  watched.timer.stop();
}

void Prober::finished(Watched& watched, const Error& fault) {
  const HealthCheck& health = *watched.spec->health;
  const bool success = fault.text.empty() && !fault.temporary();
  const bool first = success && !std::exchange(watched.spread, true);
  const Milliseconds interval = success || watched.passed ? health.interval : health.start_interval;
  watched.timer.set(first ? share_of(interval) : interval);
  if (success)
    succeeded(watched);
  else if (!fault.temporary())
    failed(watched, fault.text);
}

void Prober::succeeded(Watched& watched) {
  if (watched.passed && !watched.reported_failure) return;
  board_->passed(*watched.process, CheckKind::health);
  watched.passed = true;
  watched.reported_failure = false;
  const int failures = std::exchange(watched.failures, 0);
  if (failures > 0 && watched.running)
    log_info("{}: healthy again after {}", watched.spec->name,
             counted(failures, "failed health check"));
}

void Prober::failed(Watched& watched, const std::string& fault) {
  const CheckedProcess& process = *watched.process;
  const auto retries = static_cast<std::int64_t>(watched.spec->health->retries);
  const int failures = watched.failures + 1;
  watched.reported_failure = true;  // set first: the calls may report and then throw
  if (process.running() && failures >= retries) {
    board_->health_failed(process, failures, fault);
  } else {
    board_->probe_failed(process, failures, fault);
    if (failures == 1 && process.running())
      log_warn("{}: health check failed: {}; after {} failures in a row zinit ends the process",
               watched.spec->name, fault, retries);
  }
  watched.failures = failures;
}

/// A different part of `interval` at each call. Multiples of the golden ratio, modulo 1, stay far
/// apart from each other, however many there are.
Milliseconds Prober::share_of(Milliseconds interval) noexcept {
  constexpr std::uint32_t kGolden = 0x9e3779b9;  // of 2^32
  const double part = static_cast<double>(++shares_ * kGolden) / 4294967296.0;
  const double share = part * static_cast<double>(interval.count());
  return Milliseconds(static_cast<Milliseconds::rep>(share) + 1);
}

bool Prober::too_many_now() noexcept {
  const TimePoint now = Clock::now();
  if (now - burst_began_ >= kBurstTime) {
    burst_began_ = now;
    burst_ = 0;
  }
  return ++burst_ > kBurst;
}

}  // namespace zinit
