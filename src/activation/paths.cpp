// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Starts services by files. See paths.hpp.
#include "activation/paths.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr EpollSet::Key kInotify = 0;

// How long others wait for an answer of the file systems.
constexpr Milliseconds kPatience{2000};

// The time before the next try after a lack of descriptors, memory or threads.
constexpr Milliseconds kLookAfterLack{5000};

// A service that changes its own file starts at most once in this time.
constexpr Milliseconds kLeastDelay{100};

/// A fact holds the states of a service's paths, and before them a mark if the service must still
/// start. "!": after it has ended. "!!": it rests, and only a delay holds up the start. "@RANK!":
/// the start is requested; the board has taken it if the service has another rank
/// (model/record.hpp).
constexpr char kWanted = '!';
constexpr char kOwed = '@';
constexpr char kBetween = ' ';
/// In place of a state after an event whose check is not over. The old state may equal the new one,
/// and the next process image would then miss the change.
constexpr const char* kSeen = "?";

struct Kept {
  bool wanted = false;
  bool rests = false;
  std::optional<long long> owed{};
  std::string_view states;
};

Kept kept_of(std::string_view fact) {
  Kept kept;
  const bool owed = fact.starts_with(kOwed);
  if (owed) {
    const std::size_t end = std::min(fact.find(kWanted), fact.size());
    kept.owed = parse_integer(fact.substr(1, end - 1));
    fact.remove_prefix(end);
  }
  const std::size_t marks = std::min(fact.find_first_not_of(kWanted), fact.size());
  kept.wanted = marks > 0;
  kept.rests = owed || marks > 1;
  kept.states = fact.substr(marks);
  return kept;
}

}  // namespace

Paths::Paths(Parts parts)
    : parts_(std::move(parts)),
      queue_(parts_.loop),
      services_(parts_.board),
      events_(parts_.loop, [this](EpollSet::Key, std::uint32_t) { on_events(); }),
      silence_(parts_.loop, [this] { on_silence(); }),
      again_(parts_.loop, [this] { follow_all(); }),
      retry_(parts_.loop,
             [this] {
               look();
               if (std::exchange(unwatched_, false) && watch_) begin_watching();
               if (!touched_.empty()) ask();
             }),
      later_(parts_.loop, [this] {
        for (const PathWatch::Number number : std::exchange(lacking_, {})) touched_[number];
        if (!touched_.empty()) ask();
      }) {}

Paths::~Paths() {
  if (watch_) events_.remove(watch_->fd());
}

// --- the graph ---

void Paths::look() {
  if (parts_.board.graph() != seen_ && !retry_.active()) load();
  if (!all_.empty()) follow_all();
}

void Paths::load() {
  seen_ = parts_.board.graph();
  std::map<std::string, Service> next;
  bool same = true;
  for (const Slot slot : seen_->order()) {
    const SpecPtr& spec = seen_->node(slot).spec;
    if (seen_->node(slot).removed || !spec->path->configured()) continue;
    const auto old = all_.find(spec->name);
    const bool known = old != all_.end() && *old->second.spec->path == *spec->path;
    same = same && known;
    Service& service = next[spec->name];
    if (known) service = old->second;
    service.spec = spec;
  }
  drop_inherited(inherited_, kFacts, next);
  drop_inherited(inherited_delays_, kDelays, next);
  if (same && next.size() == all_.size()) return all_.swap(next);
  Result<PathWatch> made = next.empty() ? Result<PathWatch>(Failure(Error{})) : PathWatch::create();
  if (!next.empty() && !made) {  // keep the old watch until a new one can be made
    fault_ = fmt::format("its [path] is not watched: {}", made.error().text);
    log_error("changes to [path] are not applied: {}", made.error().text);
    seen_.reset();
    return retry_.set(kLookAfterLack);
  }
  fault_.clear();
  // Keep the known states of paths that stay, so that no change is missed.
  std::map<std::string, std::vector<std::string>> states;
  for (auto& [name, service] : next)
    for (const PathWatch::Number number : service.numbers)
      states[name].push_back(paths_[number].seen ? kSeen : paths_[number].state);
  for (const auto& [name, service] : all_) {
    if (next.contains(name)) continue;
    parts_.facts.keep(std::string(kFacts) + name, {});
    parts_.facts.keep(std::string(kDelays) + name, {});
  }
  all_ = std::move(next);
  if (watch_) events_.remove(watch_->fd());
  watch_.reset();
  paths_.clear();
  touched_.clear();
  lacking_.clear();
  if (!all_.empty()) watch_ = std::make_shared<PathWatch>(*std::move(made));
  for (auto& [name, service] : all_) {
    take_over_delay(name, service);
    watch(name, service, std::move(states[name]));
  }
  inherited_.clear();
  inherited_delays_.clear();
  unseen_ = !all_.empty();
  if (!unseen_) return;
  begin_watching();
  ask();
}

/// Forgets the facts of services that have no [path] any more.
void Paths::drop_inherited(FactMap& facts, std::string_view prefix,
                           const std::map<std::string, Service>& services) {
  std::erase_if(facts, [&](const auto& fact) {
    if (services.contains(fact.first)) return false;
    parts_.facts.keep(std::string(prefix) + fact.first, {});
    return true;
  });
}

/// Adds the paths of a service. `known` holds their last states; empty: not checked yet.
void Paths::watch(const std::string& name, Service& service, std::vector<std::string> known) {
  if (const auto fact = inherited_.find(name); fact != inherited_.end()) {
    const Kept kept = kept_of(fact->second);
    const auto brief = parts_.board.brief(name);
    const bool taken = kept.owed && !(brief && brief->rank == *kept.owed);
    service.wanted = kept.wanted && !taken;
    const auto parts = split(kept.states, kBetween);
    known.assign(parts.begin(), parts.end());
    // If it has ended since, follow() still handles its end.
    service.active = !service.wanted || !kept.rests;
  }
  service.numbers.clear();
  const auto add = [&](PathKind kind, const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      service.numbers.push_back(watch_->add(kind, path));
      paths_.push_back({name, kind});
      paths_.back().wants = service.wanted;  // until it is checked
      touched_[service.numbers.back()];
    }
  };
  add(PathKind::exists, service.spec->path->exists);
  add(PathKind::changed, service.spec->path->changed);
  add(PathKind::directory_not_empty, service.spec->path->directory_not_empty);
  if (known.size() != service.numbers.size()) return;
  for (std::size_t i = 0; i < known.size(); ++i) paths_[service.numbers[i]].state = known[i];
}

void Paths::begin_watching() {
  if (!events_.open() || !events_.change(watch_->fd(), EPOLLIN, kInotify)) {
    const std::string why = errno_text(errno);
    if (fault_.empty()) log_error("changes to files start no service for now: {}", why);
    fault_ = fmt::format("its [path] is not watched: {}", why);
    unwatched_ = true;
    retry_.set(kLookAfterLack);
  } else {
    fault_.clear();
  }
  if (mounts_) return;
  mounts_ = UniqueFd(::open("/proc/self/mounts", O_RDONLY | O_CLOEXEC));
  if (!mounts_) return;  // without /proc zinit sees no mounts
  // A change of the mounts is an error on the file (proc_pid_mounts(5)), which counts as writable.
  // Not in `events_`: the first to ask gets the change, and the set would be the first.
  mounts_changed_ = std::make_unique<IoWatcher>(parts_.loop, mounts_.get(), EV_WRITE,
                                                [this](int) { look_at_all(); });
  mounts_changed_->start();
}

// --- changes of paths ---

void Paths::look_at_all() {
  for (PathWatch::Number number = 0; number < paths_.size(); ++number) touched_[number];
  ask();
}

void Paths::on_events() {
  if (under_way_ || !watch_) return;
  take(watch_->read_events());
  kill_point("path.seen");
  if (!touched_.empty()) ask();
}

void Paths::take(const PathWatch::Touches& touches) {
  for (const auto& [number, touch] : touches) {
    touched_[number].add(touch);
    One& path = paths_[number];
    const bool counts = path.kind == PathKind::changed ? touch.written : touch.appeared;
    if (!counts || path.seen || path.state.empty()) continue;
    path.seen = true;
    keep(path.service, all_.at(path.service));
  }
}

/// Handles a silent file system: an answer that waits for all paths to be in force waits no longer.
void Paths::on_silence() {
  hangs_ = true;
  log_warn(
      "[path]: a file system does not answer; no change to a file starts a service until it does");
  parts_.settled();
}

/// Asks the file systems. Until they have answered only the task reads events, because it changes
/// the set of watches.
void Paths::ask() {
  if (under_way_ || !watch_) return;
  under_way_ = true;
  (void)events_.change(watch_->fd(), 0, kInotify);
  const auto found = std::make_shared<std::map<PathWatch::Number, PathWatch::Found>>();
  std::map<PathWatch::Number, std::string> before;
  for (const auto& [number, touch] : touched_) before[number] = paths_[number].state;
  const auto touches = std::make_shared<PathWatch::Touches>(std::exchange(touched_, {}));
  silence_.set(kPatience);
  FileTask task;
  task.work = [watch = watch_, found, before, touches] {
    for (const auto& [number, state] : before)
      (*found)[number] = watch->look(number, *touches, state);
  };
  task.finish = [this, watch = watch_, found, touches](const std::optional<Error>& fault) {
    under_way_ = hangs_ = false;
    silence_.stop();
    if (watch_ == watch) {  // otherwise zinit watches other paths by now
      unseen_ = false;
      begin_watching();
      answered(*found);
      take(*touches);  // of changes that no look has seen
    }
    if (fault) {
      log_error("[path]: {}", fault->text);
      retry_.set(kLookAfterLack);
    } else if (!touched_.empty()) {
      ask();
    }
    if (!busy()) parts_.settled();
  };
  queue_.add(std::move(task));
}

void Paths::answered(const std::map<PathWatch::Number, PathWatch::Found>& found) {
  for (const auto& [number, one] : found) {
    One& path = paths_[number];
    Service& service = all_.at(path.service);
    if (one.lacks) lacking_.insert(number);
    if (one.not_known) continue;
    path.state = one.state;
    path.seen = false;
    if (one.warning != path.warning && !one.warning.empty())
      log_warn("{}: [path]: {}", path.service, one.warning);
    path.warning = one.warning;
    // A file that has gone by now starts nothing any more.
    const bool stays = path.kind == PathKind::changed ||
                       (path.kind == PathKind::exists ? one.there : one.not_empty);
    path.wants = (path.wants && stays) || one.holds || (service.ended && one.not_empty);
  }
  for (auto& [name, service] : all_) {
    const bool asked =
        std::ranges::any_of(service.numbers, [&](auto number) { return found.contains(number); });
    if (!asked) continue;
    service.ended = service.ended && std::ranges::any_of(service.numbers, [&](auto number) {
                      const auto one = found.find(number);
                      return one != found.end() && one->second.not_known;
                    });
    service.wanted =
        std::ranges::any_of(service.numbers, [&](auto number) { return paths_[number].wants; });
    follow(name, service);
    keep(name, service);
  }
  if (lacking_.empty()) {
    lack_delay_.reset();
  } else if (!later_.active()) {
    later_.set(lack_delay_.next());
  }
  arm();
}

// --- the services ---

void Paths::follow_all() {
  for (auto& [name, service] : all_) follow(name, service);
  arm();
}

void Paths::arm() {
  TimePoint next = kNever;
  for (const auto& [name, service] : all_) next = std::min(next, service.again);
  again_.set_at(next);
}

void Paths::want_nothing(Service& service) {
  service.wanted = false;
  service.again = kNever;
  for (const PathWatch::Number number : service.numbers) paths_[number].wants = false;
}

/// Starts a service that must start, and checks the directories of a service that has ended.
void Paths::follow(const std::string& name, Service& service) {
  const auto brief = parts_.board.brief(name);
  const bool was_ignored = std::exchange(service.ignored, !brief || brief->ignored);
  if (service.ignored) return want_nothing(service);
  if (was_ignored) {  // as if it had just been loaded
    for (const PathWatch::Number number : service.numbers) {
      paths_[number].state.clear();
      touched_[number];
    }
    ask();
  }
  const bool rests = brief->stopped();
  const bool has_ended = std::exchange(service.active, !rests) && rests;
  const bool was_wanted = std::exchange(service.up, brief->wish == Wish::up);
  const TimePoint now = Clock::now();
  if (!rests) {
    service.again = kNever;
    if (service.wanted) keep(name, service);
    return;
  }
  // A stop on request cancels the effect of all earlier changes.
  if (brief->wish == Wish::down && (has_ended || was_wanted)) {
    want_nothing(service);
    keep(name, service);
  }
  if (service.wanted) {
    service.again = service.not_before;
    service.not_before <= now ? start(name, service) : keep(name, service);
    return;
  }
  if (has_ended && brief->wish == Wish::up && !service.spec->path->directory_not_empty.empty()) {
    service.again = after(now, service.spec->lifecycle.restart_delay);
    if (services_.failed(name)) service.again = std::max(service.again, service.not_before);
  }
  if (service.again > now) return;
  service.again = kNever;
  service.ended = true;
  for (const PathWatch::Number number : service.numbers) touched_[number];
  ask();
}

void Paths::start(const std::string& name, Service& service) {
  want_nothing(service);
  service.active = true;
  const Lifecycle& lifecycle = service.spec->lifecycle;
  const Milliseconds usual = std::max(lifecycle.restart_delay, kLeastDelay);
  const bool failed = services_.failed(name);
  service.delay = !failed ? usual
                          : std::clamp(service.delay * 2, usual,
                                       std::max(usual, Milliseconds(lifecycle.restart_delay_max)));
  service.not_before = after(Clock::now(), service.delay);
  // Its end on the monotonic clock, and its length.
  parts_.facts.keep(std::string(kDelays) + name,
                    failed ? fmt::format("{} {}", service.not_before.time_since_epoch().count(),
                                         service.delay.count())
                           : std::string());
  if (const auto brief = parts_.board.brief(name)) service.owed = brief->rank;
  keep(name, service);
  kill_point("path.kept");
  services_.start(name, "its [path]");
  kill_point("path.started");
  service.owed.reset();
  keep(name, service);
}

void Paths::keep(const std::string& name, Service& service) {
  std::string fact;
  if (service.owed)
    fact = fmt::format("{}{}{}", kOwed, *service.owed, kWanted);
  else if (service.wanted)
    fact.assign(service.active ? 1 : 2, kWanted);
  for (const PathWatch::Number number : service.numbers) {
    if (number != service.numbers.front()) fact += kBetween;
    fact += paths_[number].seen ? kSeen : paths_[number].state;
  }
  if (fact == service.kept) return;
  parts_.facts.keep(std::string(kFacts) + name, fact);
  service.kept = std::move(fact);
}

void Paths::take_over_delay(const std::string& name, Service& service) {
  const auto fact = inherited_delays_.find(name);
  if (fact == inherited_delays_.end()) return;
  const auto words = split(fact->second, ' ');
  service.not_before = TimePoint(TimePoint::duration(parse_integer(words.front()).value_or(0)));
  service.delay = std::clamp(Milliseconds(parse_integer(words.back()).value_or(0)), Milliseconds{0},
                             Milliseconds(service.spec->lifecycle.restart_delay_max));
  // The file of the previous process image may be unusable.
  parts_.facts.keep(std::string(kDelays) + name, fact->second);
}

TimePoint Paths::next_of(const std::string& service) const {
  const auto found = all_.find(service);
  return found == all_.end() ? kNever : found->second.again;
}

std::string Paths::fault_of(const std::string& service) const {
  const auto found = all_.find(service);
  if (found == all_.end()) return {};
  if (!fault_.empty()) return fault_;
  if (hangs_) return "a file system of its [path] or another service's does not answer";
  for (const PathWatch::Number number : found->second.numbers)
    if (!paths_[number].warning.empty()) return paths_[number].warning;
  return {};
}

}  // namespace zinit
