// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The answers to metrics.get: see scrapes.hpp.
#include "control/scrapes.hpp"

#include <unistd.h>

#include <ctime>
#include <utility>

#include "base/directory.hpp"
#include "base/json_writer.hpp"
#include "control/metrics.hpp"
#include "model/decide.hpp"
#include "model/predicates.hpp"

namespace zinit {

namespace {

using Sample = ServiceSample;
using Snapshot = MetricsSnapshot;

ServiceSample sample_of(const ServiceView& view, LogInfo log) {
  const Record& record = view.record;
  ServiceSample sample;
  sample.name = view.spec->name;
  sample.state = record.state;
  sample.dropped = std::move(log.dropped_by);
  auto& numbers = sample.numbers;
  const bool done = record.state == State::exited && record.done;
  numbers[Sample::up] = runs(record, *view.spec) || done;
  numbers[Sample::wanted] = record.wish == Wish::up;
  numbers[Sample::restarts] = view.restart_count;
  if (view.last_start_us > 0) numbers[Sample::started] = view.last_start_us;
  if (record.has_end)
    numbers[record.end.by_signal ? Sample::exit_signal : Sample::exit_code] = record.end.value;
  if (view.spec->health->configured()) numbers[Sample::healthy] = healthy_now(record);
  numbers[Sample::lines] = log.last_seq;
  return sample;
}

/// Does not count the descriptor of the directory itself.
std::optional<std::int64_t> open_descriptors() {
  Directory directory("/proc/self/fd");
  if (!directory) return std::nullopt;
  std::int64_t count = -1;
  while (directory.next() != nullptr) ++count;
  return count;
}

}  // namespace

/// The results of a scrape so far; shared with the thread that looks at processes.
struct Scrapes::Look {
  /// A service with processes.
  struct Place {
    std::size_t at;  // position of its sample
    Slot slot;
    std::int64_t started_us;
    ServicePlace place;
  };

  void copy(const RpcContext& context);
  void fill(ProcessScan& scan, GrowingSums& sums);
  [[nodiscard]] std::string json() {
    MutexLock lock(mutex);
    return json_of(metrics_text(snapshot));
  }

  std::vector<Place> places;  // constant once the thread has them
  Mutex mutex;                // a leaf in the lock order
  MetricsSnapshot snapshot GUARDED_BY(mutex);
};

/// One scrape, for all calls that wait for it.
struct Scrapes::Round {
  bool begun = false;
  std::shared_ptr<Look> look;  // null when it is over
  std::optional<Later> asked;  // empty: the thread was not asked, or the round is over
  std::string answer;          // empty: not over yet
};

void Scrapes::Look::copy(const RpcContext& context) {
  MutexLock lock(mutex);
  const DaemonInfo info = context.daemon.info();
  snapshot.numbers[Snapshot::uptime] = info.uptime_ms * 1000;
  snapshot.numbers[Snapshot::state_changes] = context.board.last_seq();
  snapshot.numbers[Snapshot::crashes] = info.crashes;
  snapshot.numbers[Snapshot::clients] = context.figures().clients;
  snapshot.proxies = context.daemon.proxies();
  for (ServiceView& view : context.board.views()) {
    if (ServicePlace place = place_of(view); !place.empty())
      places.push_back({snapshot.services.size(), view.slot, view.last_start_us, std::move(place)});
    snapshot.services.push_back(sample_of(view, context.logs.info(view.slot)));
  }
}

/// Looks at processes. zinit comes first, because nothing can hang there.
void Scrapes::Look::fill(ProcessScan& scan, GrowingSums& sums) {
  const auto own = read_process_stat(::getpid());
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);  // /proc counts in 10 ms
  const std::optional<std::int64_t> descriptors = open_descriptors();
  {
    MutexLock lock(mutex);
    snapshot.numbers[Snapshot::descriptors] = descriptors;
    snapshot.numbers[Snapshot::cpu] = used.tv_sec * 1'000'000 + used.tv_nsec / 1000;
    if (own) {
      snapshot.numbers[Snapshot::memory] = own->memory_bytes;
      snapshot.numbers[Snapshot::threads] = own->threads;
    }
  }
  for (const Place& each : places) {
    ServiceFigures figures = figures_of(each.place, scan);
    sums.grow(each.slot, each.started_us, figures);
    MutexLock lock(mutex);
    auto& numbers = snapshot.services[each.at].numbers;
    numbers[Sample::memory] = figures.memory_bytes;
    numbers[Sample::tasks] = figures.tasks;
    numbers[Sample::cpu] = figures.cpu_us;
    numbers[Sample::io_read] = figures.io_read_bytes;
    numbers[Sample::io_written] = figures.io_write_bytes;
  }
}

Later Scrapes::ask(RpcContext& context) {
  if (!next_) next_ = std::make_shared<Round>();
  Later later;
  later.deadline = after(Clock::now(), patience_);
  later.look = [this, &context, round = next_, deadline = later.deadline] {
    return look(context, round, Clock::now() >= deadline);
  };
  later.at_deadline = [] {
    return RpcError(RpcCode::timeout, "the metrics were not ready in time");
  };
  return later;
}

/// The answer of `round`. Begins the round when the previous one is over. With `last` it always
/// returns an answer.
std::optional<RpcResult> Scrapes::look(RpcContext& context, const RoundPtr& round, bool last) {
  if (!round->begun) {
    if (running_ && !is_over(running_, last)) return std::nullopt;
    begin(context, round);
  }
  if (!is_over(round, last)) return std::nullopt;
  return RpcResult(std::string(round->answer));
}

void Scrapes::begin(RpcContext& context, const RoundPtr& round) {
  round->look = std::make_shared<Look>();
  round->look->copy(context);
  if (hung_.expired()) {
    Outcome asked = context.processes.ask(
        "services", [look = round->look, sums = sums_](ProcessScan& scan) -> RpcResult {
          look->fill(scan, *sums);
          return look->json();
        });
    if (auto* later = std::get_if<Later>(&asked)) round->asked = std::move(*later);
  }
  round->begun = true;
  running_ = round;
  next_.reset();
}

bool Scrapes::is_over(const RoundPtr& round, bool last) {
  if (!round->answer.empty()) return true;
  std::optional<RpcResult> answer;
  if (round->asked) {
    answer = round->asked->look();
    if (!answer && !last) return false;
    if (!answer) hung_ = round->look;
  }
  round->answer = answer && *answer ? std::move(**answer) : round->look->json();
  round->asked.reset();
  round->look.reset();
  running_.reset();
  return true;
}

}  // namespace zinit
