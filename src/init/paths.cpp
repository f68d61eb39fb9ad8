// Starting services by files. See paths.hpp.
#include "init/paths.hpp"

#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "base/text.hpp"

namespace zinit {

namespace {

constexpr EpollSet::Key kInotify = 0;
constexpr EpollSet::Key kMounts = 1;

/// The states of a service's paths as a fact, and whether it is to be started yet.
constexpr char kWanted = '!';
constexpr char kBetween = ' ';

}  // namespace

Paths::Paths(Parts parts)
    : parts_(std::move(parts)),
      services_(parts_.board),
      events_(parts_.loop, [this](EpollSet::Key key,
                                  std::uint32_t) { key == kMounts ? look_at_all() : on_events(); }),
      again_(parts_.loop, [this] { follow(); }) {}

Paths::~Paths() {
  if (watch_) events_.remove(watch_->fd());
  if (mounts_) events_.remove(mounts_.get());
}

// --- the graph ---

void Paths::look() {
  if (parts_.board.graph() != seen_) load();
  if (!all_.empty()) follow();
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
  if (same && next.size() == all_.size()) return all_.swap(next);
  // What was known of paths that stay is kept, so that no change is missed.
  std::map<std::string, std::vector<std::string>> states;
  for (auto& [name, service] : next)
    for (const PathWatch::Number number : service.numbers)
      states[name].push_back(paths_[number].state);
  for (const auto& [name, service] : all_)
    if (!next.contains(name)) parts_.facts.keep(std::string(kFacts) + name, {});
  all_ = std::move(next);
  if (watch_) events_.remove(watch_->fd());
  watch_.reset();
  paths_.clear();
  touched_.clear();
  if (all_.empty()) return inherited_.clear();
  auto made = PathWatch::create();
  if (!made) return log_error("no service is started by its [path]: {}", made.error().text);
  watch_ = std::make_shared<PathWatch>(*std::move(made));
  for (auto& [name, service] : all_) watch(name, service, std::move(states[name]));
  inherited_.clear();
  begin_watching();
  ask();
}

/// Adds the paths of a service, which were found so before; empty: they were not looked at yet.
void Paths::watch(const std::string& name, Service& service, std::vector<std::string> known) {
  if (const auto fact = inherited_.find(name); fact != inherited_.end()) {
    service.wanted = fact->second.starts_with(kWanted);
    const std::string_view states = std::string_view(fact->second).substr(service.wanted ? 1 : 0);
    const auto parts = split(states, kBetween);
    known.assign(parts.begin(), parts.end());
    service.active = true;  // if it has ended since, that is still to be acted on
  }
  service.numbers.clear();
  const auto add = [&](PathKind kind, const std::vector<std::string>& paths) {
    for (const std::string& path : paths) {
      service.numbers.push_back(watch_->add(kind, path));
      paths_.push_back({name, {}, {}});
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
  bool good = events_.open() && events_.add(watch_->fd(), EPOLLIN, kInotify);
  if (!mounts_) {
    mounts_ = UniqueFd(::open("/proc/self/mounts", O_RDONLY | O_CLOEXEC));
    // proc_pid_mounts(5): a change of the mounts is an EPOLLPRI. Without /proc none is seen.
    if (mounts_) good = events_.add(mounts_.get(), EPOLLPRI, kMounts) && good;
  }
  if (!good) log_error("changes of files start no service: {}", errno_text(errno));
}

// --- what happens to paths ---

void Paths::look_at_all() {
  for (PathWatch::Number number = 0; number < paths_.size(); ++number) touched_[number];
  ask();
}

void Paths::on_events() {
  if (under_way_ || !watch_) return;
  for (auto& [number, touch] : watch_->read_events()) {
    PathWatch::Touch& all = touched_[number];
    all.appeared = all.appeared || touch.appeared;
    all.written = all.written || touch.written;
    all.created.insert(all.created.end(), touch.created.begin(), touch.created.end());
  }
  if (!touched_.empty()) ask();
}

/// Has the file systems asked. Until they have answered no events are read, since what is watched
/// is changed meanwhile.
void Paths::ask() {
  if (under_way_ || !watch_) return;
  under_way_ = true;
  (void)events_.change(watch_->fd(), 0, kInotify);
  const auto found = std::make_shared<std::map<PathWatch::Number, PathWatch::Found>>();
  std::map<PathWatch::Number, std::string> before;
  for (const auto& [number, touch] : touched_) before[number] = paths_[number].state;
  FileTask task;
  task.work = [watch = watch_, found, before, touches = std::exchange(touched_, {})] {
    for (const auto& [number, touch] : touches)
      (*found)[number] = watch->look(number, touch, before.at(number));
  };
  task.finish = [this, watch = watch_, found](const std::optional<Error>& fault) {
    under_way_ = false;
    if (fault) log_error("[path]: {}", fault->text);
    if (watch_ == watch) {  // else others are watched by now
      (void)events_.change(watch_->fd(), EPOLLIN, kInotify);
      answered(*found);
    }
    if (!touched_.empty()) ask();
    if (!busy()) parts_.settled();
  };
  parts_.queue.add(std::move(task));
}

void Paths::answered(const std::map<PathWatch::Number, PathWatch::Found>& found) {
  for (const auto& [number, one] : found) {
    One& path = paths_[number];
    Service& service = all_.at(path.service);
    path.state = one.state;
    path.not_empty = one.not_empty;
    if (one.warning != path.warning && !one.warning.empty())
      log_warn("{}: [path]: {}", path.service, one.warning);
    path.warning = one.warning;
    service.wanted = service.wanted || one.holds || (service.ended && one.not_empty);
  }
  for (auto& [name, service] : all_) {
    const bool asked =
        std::ranges::any_of(service.numbers, [&](auto number) { return found.contains(number); });
    if (!asked) continue;
    service.ended = false;
    follow(name, service);
    keep(name, service);
  }
}

// --- the services ---

void Paths::follow() {
  TimePoint next = kNever;
  for (auto& [name, service] : all_) {
    follow(name, service);
    next = std::min(next, service.again);
  }
  next == kNever ? again_.stop()
                 : again_.set(std::chrono::ceil<Milliseconds>(std::max(next - Clock::now(), {})));
}

/// Starts a service that is to be started, and looks at the directories of one that has ended.
void Paths::follow(const std::string& name, Service& service) {
  const auto brief = parts_.board.brief(name);
  if (!brief || brief->ignored) {
    service.wanted = false;
    return;
  }
  const bool rests = at_rest(brief->state) && brief->settled && !brief->has_process;
  const bool has_ended = std::exchange(service.active, !rests) && rests;
  if (!rests) {
    service.again = kNever;
    return;
  }
  if (service.wanted) {
    service.wanted = false;
    service.again = kNever;
    service.active = true;
    keep(name, service);
    return services_.start(name, "its [path]");
  }
  const bool by_itself = has_ended && brief->wish == Wish::up;
  if (by_itself && !service.spec->path->directory_not_empty.empty())
    service.again = after(Clock::now(), service.spec->lifecycle.restart_delay);
  if (service.again > Clock::now()) return;
  service.again = kNever;
  service.ended = true;
  for (const PathWatch::Number number : service.numbers) touched_[number];
  ask();
}

void Paths::keep(const std::string& name, const Service& service) {
  std::string fact(service.wanted ? 1 : 0, kWanted);
  for (const PathWatch::Number number : service.numbers) {
    if (number != service.numbers.front()) fact += kBetween;
    fact += paths_[number].state;
  }
  parts_.facts.keep(std::string(kFacts) + name, fact);
}

std::string Paths::fault_of(const std::string& service) const {
  const auto found = all_.find(service);
  if (found == all_.end()) return {};
  for (const PathWatch::Number number : found->second.numbers)
    if (!paths_[number].warning.empty()) return paths_[number].warning;
  return {};
}

}  // namespace zinit
