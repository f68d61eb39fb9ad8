// The board's upkeep: jobs come and go with the graph. The herald, a thread beside that of the
// jobs, does what may take time and belongs to none: it writes log lines and tends cgroups.
#include "supervisor/core.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <thread>

#include "model/predicates.hpp"

namespace zinit {

namespace {

constexpr std::size_t kLinesKept = 10000;  // lines that wait to be written

// Lines that come within this time of the first are written with it: a boot of 1,000 services would
// wake the herald for each else, and take the processor from them.
constexpr Milliseconds kGather{1};

}  // namespace

BoardCore::BoardCore(const Board::Ports& ports, SpawnDefaults defaults)
    : output_(ports.output),
      changes_(ports.changes),
      checks_(ports.checks),
      cgroups_(defaults.cgroups),
      cgroup_watches_(cgroups_ ? ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1),
      launcher_(std::move(defaults), output_, checks_, *this) {
  MutexLock lock(mutex);
  world.graph = Graph::build({});
  events.resize(kEventsKept);
  if (auto journal = Journal::create())
    journal_ = std::move(*journal);
  else
    log_error("a re-execution will not know its services: {}", journal.error().text);
  start_thread(herald_, "zinit-herald", &BoardCore::herald);
  start_thread(jobs_thread_, "zinit-jobs", &BoardCore::run);
}

void BoardCore::start_thread(Thread& place, const char* name, void (BoardCore::*entry)() noexcept) {
  if (auto thread = Thread::start(name, kLoopStackBytes, [this, entry] { (this->*entry)(); }))
    place = std::move(*thread);
  else
    works_ = Failure(thread.error());
}

BoardCore::~BoardCore() {
  launcher_.stop();
  {
    MutexLock lock(mutex);
    ending_ = true;
    herald_wake_.notify_one();
    herald_pause_.notify_one();
    jobs_wake_.notify_one();
  }
  herald_.join();
  jobs_thread_.join();
}

std::vector<bool> BoardCore::live() const {
  std::vector<bool> live(world.graph->slots(), false);
  for (const Slot slot : world.graph->order()) {
    live[slot] = !at_rest(world.record(slot).state) || active(world, slot);
  }
  return live;
}

/// Takes the memory for the jobs of a new graph before anything is changed.
template <class Stays>
void BoardCore::make_room(const Graph& graph, Stays stays) {
  jobs.resize(std::max(jobs.size(), graph.slots()));
  deadlines_.reserve(jobs.size());
  retired_.reserve(retired_.size() + jobs.size());
  const auto added = std::ranges::count_if(graph.order(), [&](Slot slot) { return !stays(slot); });
  while (std::cmp_less(spare_jobs_.size(), added)) spare_jobs_.push_back(std::make_unique<Job>());
}

void BoardCore::adopt(const Plan& plan, bool start_new) {
  const Telling telling(*this);
  const GraphPtr before = world.graph;
  const auto stays = [&](Slot slot) {
    return before->used(slot) && plan.graph->used(slot) &&
           before->name(slot) == plan.graph->name(slot);
  };
  make_room(*plan.graph, stays);
  // On a copy: for want of memory nothing is changed.
  World changed = world;
  apply_plan(changed, plan, start_new);
  std::swap(world, changed);
  for (Slot slot = 0; slot < jobs.size(); ++slot) {
    const bool used = world.graph->used(slot);
    if (before->used(slot) && !stays(slot)) forget(slot);
    if (!used) continue;
    if (!jobs[slot]) {
      jobs[slot] = std::move(spare_jobs_.back());
      spare_jobs_.pop_back();
      jobs[slot]->slot = slot;
    }
    if (!stays(slot) || before->node(slot).spec != world.graph->node(slot).spec) {
      output_.configure(slot, world.graph->node(slot).spec);
      if (stays(slot) && before->spec(slot).resources != world.spec(slot).resources)
        change_resources(*jobs[slot]);
      if (stays(slot)) change_checks(*jobs[slot]);
    }
  }
  std::erase_if(boot_pending, [&](Slot slot) { return !stays(slot); });
  tell_refused(plan);
  touched(world.graph->order());
  if (booting) note_boot();
}

/// What is wrong with services, for the log.
void BoardCore::tell_refused(const Plan& plan) {
  for (const PlannedService& planned : plan.services) {
    if (planned.fate == PlannedService::Fate::unchanged) continue;
    for (const std::string& message : planned.refused) say(LogLevel::error, message);
  }
}

/// The service that was in `slot` is gone from the graph.
void BoardCore::forget(Slot slot) {
  end_checks(*jobs[slot]);
  not_due(*jobs[slot]);
  deadlines_.set(slot, kNever);
  jobs[slot]->retired = true;
  retired_.push_back(std::move(jobs[slot]));
  wake_jobs();
  output_.forget(slot);
  checks_.rested(slot);
  if (journal_) journal_->erase(slot);
}

void BoardCore::say(LogLevel level, std::string line) noexcept {
  try {
    if (lines_.size() >= kLinesKept) throw std::bad_alloc();
    lines_.push_back({level, std::move(line)});
    if (lines_.size() == 1) wake_herald();
  } catch (const std::exception&) {
    ++lines_lost_;
  }
}

void BoardCore::wake_herald() noexcept {
  if (turns_ > 0)
    herald_wanted_ = true;
  else
    herald_wake_.notify_one();
}

void BoardCore::wake_jobs() noexcept {
  if (turns_ > 0)
    jobs_wanted_ = true;
  else
    jobs_wake_.notify_one();
}

void BoardCore::let_go() noexcept {
  const bool jobs_wanted = std::exchange(jobs_wanted_, false) || first_due_ != kNoSlot;
  const bool herald_wanted = std::exchange(herald_wanted_, false);
  mutex.unlock();
  if (jobs_wanted) jobs_wake_.notify_one();
  if (herald_wanted) herald_wake_.notify_one();
}

void BoardCore::look_again() noexcept {
  look_again_ = true;
  herald_wake_.notify_one();
}

void BoardCore::herald() noexcept {
  while (true) {
    try {
      if (!herald_turn()) return;
    } catch (const std::exception&) {
      std::this_thread::sleep_for(kMemoryRetry);
    }
  }
}

bool BoardCore::herald_turn() {
  MutexLock lock(mutex);
  if (std::exchange(herald_gathers_, false) && !ending_)
    herald_pause_.wait_until(mutex, after(Clock::now(), kGather));
  if (sweep_wanted_) sweep();
  if (checks_put_off_) change_all_checks();
  if (std::exchange(groups_to_see_, false)) see_groups();
  tend_cgroups();
  if (look_again_.exchange(false)) {
    const Telling telling(*this);
    touched(world.graph->order());
    if (booting) note_boot();
  }
  std::deque<Line> lines;
  lines.swap(lines_);
  const std::uint64_t lost = std::exchange(lines_lost_, 0);
  const bool end = ending_;
  if (lines.empty() && lost == 0 && !end) {
    // The lock was let go in between: something may have come.
    if (herald_rests()) rest_herald();
    herald_gathers_ = true;
    return true;
  }
  lock.unlock();
  for (const Line& line : lines) log_line(line.level, line.text);
  if (lost > 0) log_warn("{} lines of this log were lost: more came than could be written", lost);
  return !end;
}

void BoardCore::rest_herald() {
  if (checks_put_off_)
    herald_wake_.wait_until(mutex, after(Clock::now(), kMemoryRetry));
  else
    herald_wake_.wait(mutex);
}

bool BoardCore::herald_rests() const {
  return !sweep_wanted_ && !groups_to_see_ && !look_again_ && unused_cgroups_.empty() &&
         changed_resources_.empty();
}

/// Forgets the groups of lingering processes in which nothing runs any more. One look at all
/// processes does for all of them.
void BoardCore::see_groups() {
  std::vector<pid_t> alive;
  bool seen = false;
  without_lock([&] {
    if (auto groups = groups_in_use()) {
      alive = std::move(*groups);
      seen = true;
    }
  });
  for (Slot slot = 0; seen && slot < jobs.size(); ++slot) {
    Job* const job = jobs[slot].get();
    if (job == nullptr || job->group_poll < kLongestGroupPoll) continue;
    if (world.record(slot).process != Process::lingering) continue;
    for (const Leftover& each : leftovers(*job)) {
      if (*each.leader == 0 && *each.group != 0 && !std::ranges::binary_search(alive, *each.group))
        forget_group(each);
    }
    unit_changed(*job);
  }
}

void BoardCore::sweep() {
  std::vector<GraphEntry> entries;
  for (const Slot slot : world.graph->order()) {
    const Node& node = world.graph->node(slot);
    if (node.removed && at_rest(world.record(slot).state) && !active(world, slot)) continue;
    entries.push_back({node.spec, slot, node.load_order, node.removed});
  }
  adopt(Plan{{}, Graph::build(entries, world.graph->masked())}, false);
  sweep_wanted_ = false;
}

}  // namespace zinit
