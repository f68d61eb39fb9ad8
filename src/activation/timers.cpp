// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Starts services at their times. See timers.hpp.
#include "activation/timers.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr std::string_view kTimerFacts = "timer/";

// The time before the next try after a lack of descriptors or memory.
constexpr Milliseconds kAfterLack{5000};
constexpr std::size_t kLongestStamp = 64;

bool any_timers(const Graph& graph) {
  return std::ranges::any_of(graph.order(),
                             [&](Slot slot) { return graph.spec(slot).timer->configured(); });
}

/// A delay from 0 to `most`, all equally probable. 0 without random numbers, which are missing only
/// shortly after the start of the kernel.
Milliseconds random_delay(Milliseconds most) noexcept {
  std::uint64_t number = 0;
  if (most.count() <= 0 || ::getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
    return Milliseconds{0};
  return Milliseconds(
      static_cast<std::int64_t>(number % (static_cast<std::uint64_t>(most.count()) + 1)));
}

}  // namespace

Timers::Timers(Parts parts)
    : parts_(std::move(parts)),
      services_(parts_.board),
      follower_(parts_, [this](bool again) { load(again); }),
      wall_(parts_.loop,
            [this](bool clock_set) {
              if (clock_set) {
                log_info("the wall clock was set: timers follow the new time");
                for (const auto& [service, timer] : timers_) {
                  timer->clock_set(wall_us());
                  keep(service, *timer);  // the next image does not learn that the clock was set
                }
              }
              run_due();
            }),
      monotonic_(parts_.loop, [this] { run_due(); }),
      stamps_again_(parts_.loop, [this] { change_stamps(); }) {}

void Timers::take_over(const FactMap& facts) {
  each_below(facts, kTimerFacts, [this](std::string_view service, const std::string& text) {
    auto stand = parse_stand(text);
    if (!stand) return;
    const auto brief = parts_.board.brief(service);
    if (!brief || stand->owed != brief->rank) stand->owed.reset();  // the board has taken the start
    inherited_[std::string(service)] = *stand;
  });
}

// --- reading ---

void Timers::look() {
  follower_.look();
  if (busy()) return;
  look_back();
  release_ended();
}

void Timers::load(bool again) {
  const GraphPtr graph = follower_.graph();
  if (timers_.empty() && inherited_.empty() && !any_timers(*graph)) return;
  const auto made = std::make_shared<Made>();
  for (const Slot slot : graph->order()) {
    const ServiceSpec& spec = graph->spec(slot);
    if (graph->node(slot).removed || !spec.timer->configured()) continue;
    const auto old = timers_.find(spec.name);
    const bool stays = !again && old != timers_.end() && old->second->spec() == *spec.timer;
    (*made)[spec.name] = stays ? old->second : nullptr;
  }
  FileTask task;
  task.work = [graph, made, boot = parts_.boot] {
    std::optional<TimeZone> local;
    for (auto& [service, timer] : *made) {
      if (timer) continue;
      if (!local) {
        auto read = TimeZone::local();
        if (!read) log_warn("timers use UTC: {}", read.error().text);
        local = read ? *read : TimeZone::utc();
      }
      timer =
          std::make_shared<ServiceTimer>(*graph->spec(graph->find(service)).timer, *local, boot);
    }
  };
  task.finish = [this, made](const std::optional<Error>& fault) {
    if (fault) {  // the old timers stay in force until the next try
      log_error("changes to timers are not applied: {}", fault->text);
      follower_.retry();
    } else {
      loaded(*made);
    }
    look();
  };
  follower_.work(std::move(task));
}

void Timers::loaded(const Made& made) {
  const GraphPtr graph_before = std::exchange(in_force_, follower_.graph());
  const Moment now = Moment::now();
  Made old = std::exchange(timers_, {});
  for (const auto& [service, timer] : made) {
    if (!timer) continue;  // its expressions could not be read
    timers_[service] = timer;
    const auto before = old.extract(service);
    if (!before.empty() && before.mapped() == timer) continue;
    if (!timer->fault().empty()) log_error("{}: [timer]: {}", service, timer->fault());
    if (!before.empty()) {
      before.mapped()->release(now);
      if (before.mapped()->spec().persistent && !timer->spec().persistent) remove_stamp(service);
    }
    auto stand = inherited_.extract(service);
    if (!before.empty() && before.mapped()->spec() == timer->spec()) {
      timer->go_on(before.mapped()->stand());
    } else if (!stand.empty()) {
      timer->go_on(stand.mapped());
      // The previous process image may have crashed before it wrote the stamp.
      if (timer->spec().persistent && timer->stand().caught_up) write_stamp(service, *timer);
    } else {
      timer->begin(now, random_delay(timer->spec().random_delay));
      if (!before.empty()) timer->replace(*before.mapped());
    }
    keep(service, *timer);
    if (timer->stand().owed) start(service, *timer);
  }
  follow_status(now);
  for (const auto& [service, timer] : old) {
    parts_.facts.keep(std::string(kTimerFacts) + service, {});
    const Slot slot = graph_before ? graph_before->find(service) : kNoSlot;
    if (!timer->spec().persistent || slot == kNoSlot) continue;
    // A service that was removed at runtime only comes back with its file.
    const ServiceSpec& spec = graph_before->spec(slot);
    const bool stays = in_force_->find_loaded(service) != kNoSlot;
    remove_stamp(service, stays ? "" : spec.is_instance() ? spec.instance->link : spec.file);
  }
  for (const auto& [service, stand] : std::exchange(inherited_, {}))
    parts_.facts.keep(std::string(kTimerFacts) + service, {});
  arm();
}

/// zinit does not make up for runs that a disabled timer missed, nor does the next boot.
void Timers::follow_status(Moment now) {
  for (const auto& [service, timer] : timers_) {
    const auto brief = parts_.board.brief(service);
    const bool disabled = !brief || brief->ignored;
    if (disabled ? !disabled_.insert(service).second : disabled_.erase(service) == 0) continue;
    const bool stamped = timer->spec().persistent && timer->stand().caught_up;
    if (disabled) {
      if (stamped) remove_stamp(service);
      continue;
    }
    if (timer->due(now)) timer->passed(now, false, random_delay(timer->spec().random_delay));
    if (stamped) write_stamp(service, *timer);
    keep(service, *timer);
  }
}

// --- what was missed ---

std::string Timers::stamp_of(const std::string& service) const {
  return parts_.state + "/zinit/timers/" + service;
}

/// Reads the last due times before zinit's start, for timers that catch up.
void Timers::look_back() {
  if (parts_.state.empty() || !parts_.board.boot_settled()) return;
  struct Stamp {
    bool there = false;
    std::optional<ServiceTimer::Stamp> earlier{};
  };
  const auto stamps = std::make_shared<std::map<std::string, Stamp>>();
  for (const auto& [service, timer] : timers_)
    if (timer->spec().persistent && !timer->stand().caught_up) (*stamps)[service] = {};
  if (stamps->empty()) return;
  FileTask task;
  task.work = [this, stamps] {
    for (auto& [service, stamp] : *stamps) {
      const auto text = read_file(stamp_of(service).c_str(), kLongestStamp);
      if (!text && text.error().errnum == ENOENT) continue;  // the first boot
      if (text) stamp.earlier = parse_stamp(*text);
      stamp.there = true;
      if (!stamp.earlier)
        log_warn("{}: zinit cannot know which runs the timer has missed: {}", service,
                 text ? stamp_of(service) + " is damaged" : text.error().text);
    }
  };
  task.finish = [this, stamps](const std::optional<Error>& fault) {
    // Stamps that were not read are not absent: to write new ones would lose the missed runs.
    if (fault) return follower_.retry();
    const Moment now = Moment::now();
    for (const auto& [service, stamp] : *stamps) {
      const auto found = timers_.find(service);
      if (found == timers_.end() || found->second->stand().caught_up) continue;
      const bool disabled = disabled_.contains(service);
      found->second->catch_up(disabled ? std::nullopt : stamp.earlier, now);
      if (disabled)
        remove_stamp(service);
      else if (!stamp.there)
        write_stamp(service, *found->second);
      keep(service, *found->second);
    }
    run_due();
    look();
  };
  follower_.work(std::move(task));
}

void Timers::write_stamp(const std::string& service, const ServiceTimer& timer) {
  change_stamp(service, {stamp_text(timer.stand()), {}});
}

void Timers::remove_stamp(const std::string& service, const std::string& unless) {
  change_stamp(service, {{}, unless});
}

/// All stamps are one task: the queue may hang with its file system, and many times come meanwhile.
void Timers::change_stamp(const std::string& service, StampChange change) {
  if (parts_.state.empty()) return;
  stamps_[service] = std::move(change);
  change_stamps();
}

void Timers::change_stamps() {
  if (changes_stamps_ || stamps_.empty()) return;
  changes_stamps_ = true;
  FileTask task;
  task.begin = [this] { changing_.swap(stamps_); };
  task.work = [this] {
    for (const auto& [service, change] : changing_) put_stamp(service, change);
  };
  task.finish = [this](const std::optional<Error>& fault) {
    changes_stamps_ = false;
    if (fault) stamps_.insert(changing_.begin(), changing_.end());
    changing_.clear();
    fault ? stamps_again_.set(kAfterLack) : change_stamps();
  };
  parts_.queue.add(std::move(task));
}

void Timers::put_stamp(const std::string& service, const StampChange& change) const {
  const std::string path = stamp_of(service);
  if (change.text.empty()) {
    if (!change.unless.empty() && path_exists(change.unless)) return;
    if (::unlink(path.c_str()) < 0 && errno != ENOENT)
      log_warn("{}: cannot remove the timer stamp, so the next boot may run this timer again: {}",
               path, errno_text(errno));
    return;
  }
  const auto made = make_directories(folder_of(path), 0755);
  const auto written =
      made ? replace_file(path, change.text, {}) : Result<Remark>(Failure(made.error()));
  if (!written)
    log_warn("{}: the next boot will not know when the timer was last due: {}", service,
             written.error().text);
}

// --- running ---

/// Makes timers whose services have ended due again from now on.
void Timers::release_ended() {
  const Moment now = Moment::now();
  bool any = false;
  for (const auto& [service, timer] : timers_) {
    if (!timer->held() || !may_start(service)) continue;
    look_at_start(service, *timer, now);
    timer->release(now);
    keep(service, *timer);
    any = true;
  }
  if (any) arm();
}

/// Whether the service is down, so that its timer may start it.
bool Timers::may_start(const std::string& service) {
  const ServiceAccess::Stand stand = services_.stand(service);
  return stand == ServiceAccess::Stand::off || stand == ServiceAccess::Stand::done;
}

/// every_ms counts from the service's last start, even if another cause has started it.
void Timers::look_at_start(const std::string& service, ServiceTimer& timer, Moment now) const {
  if (!timer.spec().every) return;
  if (const auto view = parts_.board.view(service)) timer.started(view->last_start_us, now);
}

/// A shutdown starts nothing, and a time that comes during it is missed.
void Timers::run_due() {
  if (parts_.board.shutting_down()) return;
  const Moment now = Moment::now();
  for (const auto& [service, timer] : timers_)
    if (!disabled_.contains(service) && timer->due(now)) run(service, *timer);
  arm();
}

void Timers::run(const std::string& service, ServiceTimer& timer) {
  const Moment now = Moment::now();
  look_at_start(service, timer, now);
  if (!timer.due(now)) return;
  const auto brief = parts_.board.brief(service);
  const bool starts = brief && may_start(service);
  timer.passed(now, starts, random_delay(timer.spec().random_delay));
  if (starts)
    timer.owe(brief->rank);
  else
    timer.hold();
  keep(service, timer);
  kill_point("timer.kept");
  if (timer.spec().persistent) write_stamp(service, timer);
  if (starts) start(service, timer);
}

/// Starts a service whose timer owes this start and has kept the fact.
void Timers::start(const std::string& service, ServiceTimer& timer) {
  services_.start(service, "its timer");
  kill_point("timer.started");
  timer.owe({});
  keep(service, timer);
}

void Timers::keep(const std::string& service, const ServiceTimer& timer) {
  parts_.facts.keep(std::string(kTimerFacts) + service, stand_text(timer.stand()));
}

/// Ignores timers of services with status "ignore": these are disabled, and need not wake zinit.
void Timers::arm() {
  std::optional<std::int64_t> wall_us;
  TimePoint at = kNever;
  for (const auto& [service, timer] : timers_) {
    if (disabled_.contains(service)) continue;
    for (const ServiceTimer::Next& next : timer->next()) {
      at = std::min(at, next.at);
      if (next.wall_us) wall_us = std::min(wall_us.value_or(*next.wall_us), *next.wall_us);
    }
  }
  monotonic_.set_at(at);
  if (!wall_us) return wall_.stop();
  if (const auto set = wall_.set(*wall_us); !set) {
    log_error("timers: {}", set.error().text);
    follower_.retry_after(kAfterLack);
  }
}

std::string Timers::fault_of(const std::string& service) const {
  const auto found = timers_.find(service);
  return found == timers_.end() ? std::string() : found->second->fault();
}

std::vector<TimerView> Timers::views(std::string_view of) const {
  std::vector<TimerView> views;
  const Moment now = Moment::now();
  for (auto at = of.empty() ? timers_.begin() : timers_.find(of); at != timers_.end(); ++at) {
    const auto& [service, timer] = *at;
    if (!of.empty() && service != of) break;
    ServiceTimer current = *timer;
    look_at_start(service, current, now);
    current.release(now);
    for (const ServiceTimer::Next& next : current.next()) {
      TimerView view{service, std::string(next.expression), timer->stand().last_us, next.wall_us};
      if (next.at != kNever)
        view.next_us =
            now.wall_us +
            std::chrono::duration_cast<std::chrono::microseconds>(next.at - now.at).count();
      if (disabled_.contains(service)) view.next_us.reset();
      views.push_back(std::move(view));
    }
  }
  return views;
}

}  // namespace zinit
