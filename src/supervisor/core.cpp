// The board's upkeep: jobs come and go with the graph. The herald, one thread beside the jobs, does
// what may take time and belongs to no job: it writes log lines, starts and joins threads.
#include "supervisor/core.hpp"

#include <algorithm>

#include "model/predicates.hpp"

namespace zinit {

namespace {

constexpr std::size_t kLinesKept = 10000;   // lines that wait to be written
constexpr Milliseconds kThreadRetry{1000};  // a machine that lacks room for a thread is given time

}  // namespace

BoardCore::BoardCore(OutputPort& output, ChangePort& changes, SpawnDefaults defaults)
    : output_(output), changes_(changes), launcher_(std::move(defaults), output, *this) {
  MutexLock lock(mutex);
  world.graph = Graph::build({});
  events.resize(kEventsKept);
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

void BoardCore::adopt(const Plan& plan) {
  const GraphPtr before = world.graph;
  apply_plan(world, plan, start_added);
  jobs.resize(std::max(jobs.size(), world.graph->slots()));
  for (Slot slot = 0; slot < jobs.size(); ++slot) {
    const bool used = world.graph->used(slot);
    const bool was_used = before->used(slot);
    const bool same = used && was_used && before->name(slot) == world.graph->name(slot);
    if (jobs[slot] && !same) {
      jobs[slot]->retired = true;
      jobs[slot]->wake.notify_one();
      retired_.push_back(std::move(jobs[slot]));
    }
    if (was_used && !same) {
      output_.forget(slot);
      if (journal_) journal_->erase(slot);
    }
    if (!used) continue;
    if (!jobs[slot]) {
      jobs[slot] = std::make_unique<Job>();
      jobs[slot]->slot = slot;
      threads_wanted_ = true;
    }
    if (!same || before->node(slot).spec != world.graph->node(slot).spec) {
      output_.configure(slot, world.graph->node(slot).spec);
    }
  }
  herald_wake_.notify_one();
  touched(world.graph->order());
}

void BoardCore::say(LogLevel level, std::string line) {
  if (lines_.size() >= kLinesKept) {
    ++lines_lost_;
    return;
  }
  lines_.push_back({level, std::move(line)});
  if (lines_.size() == 1) herald_wake_.notify_one();
}

void BoardCore::herald() {
  mutex.lock();
  while (true) {
    if (threads_wanted_) start_threads();
    if (sweep_wanted_) sweep();
    std::deque<Line> lines = std::exchange(lines_, {});
    std::vector<std::unique_ptr<Job>> retired = std::exchange(retired_, {});
    const std::uint64_t lost = std::exchange(lines_lost_, 0);
    const bool end = ending_;
    if (lines.empty() && retired.empty() && !end) {
      if (threads_wanted_)
        herald_wake_.wait_until(mutex, after(Clock::now(), kThreadRetry));
      else
        herald_wake_.wait(mutex);
      continue;
    }
    mutex.unlock();
    for (const Line& line : lines) log_line(line.level, line.text);
    if (lost > 0) log_warn("{} lines of this log were lost: more came than could be written", lost);
    for (auto& job : retired) job->thread.join();
    if (end) return;
    mutex.lock();
  }
}

void BoardCore::start_threads() {
  threads_wanted_ = false;
  for (Slot slot = 0; slot < jobs.size() && !ending_; ++slot) {
    Job* job = jobs[slot].get();
    if (job == nullptr || job->has_thread || job->retired) continue;
    // A pthread_create with the lock let go: others go on meanwhile, and the job, if it is retired
    // then, only ends at once.
    job->has_thread = true;
    const std::string name = world.graph->name(slot);
    mutex.unlock();
    auto thread = Thread::start(name, kJobStackBytes, [this, job] { run(*job); });
    mutex.lock();
    if (thread) {
      job->thread = std::move(*thread);
      continue;
    }
    job->has_thread = false;
    say(LogLevel::warn, fmt::format("{}: {}; tried again in {}", name, thread.error().text,
                                    duration_text(kThreadRetry.count())));
    threads_wanted_ = true;
    return;
  }
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
