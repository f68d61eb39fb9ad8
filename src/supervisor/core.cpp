// The board's upkeep: jobs come and go with the graph. The herald, one thread beside the jobs, does
// what may take time and belongs to no job: it writes log lines, starts and joins threads.
#include "supervisor/core.hpp"

#include <sys/inotify.h>

#include <algorithm>
#include <thread>

#include "model/predicates.hpp"

namespace zinit {

namespace {

constexpr std::size_t kLinesKept = 10000;   // lines that wait to be written
constexpr Milliseconds kThreadRetry{1000};  // a machine that lacks room for a thread is given time

}  // namespace

BoardCore::BoardCore(OutputPort& output, ChangePort& changes, SpawnDefaults defaults)
    : output_(output),
      changes_(changes),
      cgroups_(defaults.cgroups),
      cgroup_watches_(cgroups_ ? ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1),
      launcher_(std::move(defaults), output, *this) {
  MutexLock lock(mutex);
  world.graph = Graph::build({});
  events.resize(kEventsKept);
  launches_.reserve(Launcher::kMostThreads);
  if (auto journal = Journal::create())
    journal_ = std::move(*journal);
  else
    log_error("a re-execution will not know its services: {}", journal.error().text);
  if (auto thread = Thread::start("zinit-herald", kLoopStackBytes, [this] { herald(); })) {
    herald_ = std::move(*thread);
  } else {
    log_error("cannot start services: {}", thread.error().text);
  }
}

BoardCore::~BoardCore() {
  launcher_.stop();
  {
    MutexLock lock(mutex);
    ending_ = true;
    for (auto& job : jobs) {
      if (!job) continue;
      job->retired = true;
      job->wake.notify_one();
    }
    herald_wake_.notify_one();
  }
  herald_.join();
  for (auto& job : jobs) {
    if (job) job->thread.join();
  }
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
  retired_.reserve(retired_.size() + jobs.size());
  const auto added = std::ranges::count_if(graph.order(), [&](Slot slot) { return !stays(slot); });
  while (std::cmp_less(spare_jobs_.size(), added)) spare_jobs_.push_back(std::make_unique<Job>());
}

void BoardCore::adopt(const Plan& plan) {
  const Telling telling(*this);
  const GraphPtr before = world.graph;
  const auto stays = [&](Slot slot) {
    return before->used(slot) && plan.graph->used(slot) &&
           before->name(slot) == plan.graph->name(slot);
  };
  make_room(*plan.graph, stays);
  apply_plan(world, plan, start_added);
  for (Slot slot = 0; slot < jobs.size(); ++slot) {
    const bool used = world.graph->used(slot);
    if (before->used(slot) && !stays(slot)) forget(slot);
    if (!used) continue;
    if (!jobs[slot]) {
      jobs[slot] = std::move(spare_jobs_.back());
      spare_jobs_.pop_back();
      jobs[slot]->slot = slot;
      threads_wanted_ = true;
    }
    if (!stays(slot) || before->node(slot).spec != world.graph->node(slot).spec) {
      output_.configure(slot, world.graph->node(slot).spec);
      if (stays(slot) && before->spec(slot).resources != world.spec(slot).resources)
        change_resources(*jobs[slot]);
    }
  }
  std::erase_if(boot_pending, [&](Slot slot) { return !stays(slot); });
  herald_wake_.notify_one();
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
  jobs[slot]->retired = true;
  jobs[slot]->wake.notify_one();
  retired_.push_back(std::move(jobs[slot]));
  output_.forget(slot);
  if (journal_) journal_->erase(slot);
}

void BoardCore::say(LogLevel level, std::string line) noexcept {
  try {
    if (lines_.size() >= kLinesKept) throw std::bad_alloc();
    lines_.push_back({level, std::move(line)});
    if (lines_.size() == 1) herald_wake_.notify_one();
  } catch (const std::exception&) {
    ++lines_lost_;
  }
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
      std::this_thread::sleep_for(kThreadRetry);
    }
  }
}

bool BoardCore::herald_turn() {
  MutexLock lock(mutex);
  if (threads_wanted_) start_threads();
  if (sweep_wanted_) sweep();
  if (tend_cgroups()) return true;
  if (look_again_.exchange(false)) {
    const Telling telling(*this);
    touched(world.graph->order());
  }
  std::deque<Line> lines;
  std::vector<std::unique_ptr<Job>> retired;
  lines.swap(lines_);
  retired.swap(retired_);
  const std::uint64_t lost = std::exchange(lines_lost_, 0);
  const bool end = ending_;
  if (lines.empty() && retired.empty() && lost == 0 && !end) {
    if (threads_wanted_)
      herald_wake_.wait_until(mutex, after(Clock::now(), kThreadRetry));
    else if (!look_again_)
      herald_wake_.wait(mutex);
    return true;
  }
  lock.unlock();
  for (const Line& line : lines) log_line(line.level, line.text);
  if (lost > 0) log_warn("{} lines of this log were lost: more came than could be written", lost);
  for (auto& job : retired) job->thread.join();
  return !end;
}

void BoardCore::start_threads() {
  threads_wanted_ = false;
  for (Slot slot = 0; slot < jobs.size() && !ending_; ++slot) {
    Job* job = jobs[slot].get();
    if (job == nullptr || job->has_thread || job->retired || start_thread(*job)) continue;
    threads_wanted_ = true;
    return;
  }
}

/// With the lock let go while the thread is made: others go on meanwhile, and the job, if it is
/// retired then, only ends at once.
bool BoardCore::start_thread(Job& job) {
  const std::string name = world.graph->name(job.slot);
  job.has_thread = true;
  mutex.unlock();
  Result<Thread> thread = Failure(Error{"no memory", ENOMEM});
  try {
    thread = Thread::start(name, kJobStackBytes, [this, &job] { run(job); });
  } catch (const std::bad_alloc&) {
    // As any other want of room.
  }
  mutex.lock();
  if (thread) {
    job.thread = std::move(*thread);
    return true;
  }
  job.has_thread = false;
  say(LogLevel::warn, fmt::format("{}: {}; tried again in {}", name, thread.error().text,
                                  duration_text(kThreadRetry.count())));
  return false;
}

void BoardCore::sweep() {
  sweep_wanted_ = false;
  std::vector<GraphEntry> entries;
  for (const Slot slot : world.graph->order()) {
    const Node& node = world.graph->node(slot);
    if (node.removed && at_rest(world.record(slot).state) && !active(world, slot)) continue;
    entries.push_back({node.spec, slot, node.load_order, node.removed});
  }
  adopt(Plan{{}, Graph::build(entries, world.graph->masked())});
}

}  // namespace zinit
