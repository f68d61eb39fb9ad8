// A world for tests: a graph from a few words, a simulated clock, and processes that do what the
// test says. It performs the steps that decide() gives, as the board does, in an order that a seed
// chooses, and looks only at services that were woken: a lost wake-up shows as one left with
// something to do.
#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "model/decide.hpp"
#include "model/request.hpp"

namespace zinit::test {

/// Makes a graph's specs from text: "web requires db, web after net, job: oneshot", and settings of
/// single services by edit().
class Specs {
 public:
  explicit Specs(const std::string& text = "");
  ServiceSpec& operator[](const std::string& name);
  [[nodiscard]] std::vector<SpecPtr> list() const;  // in order of first mention
  [[nodiscard]] std::string text() const;           // what they say, for messages

 private:
  std::vector<std::shared_ptr<ServiceSpec>> specs_;
};

/// What a process does by itself: the n-th of its service (from 0).
struct Life {
  bool ends = false;
  Milliseconds lasts{0};
  ProcessEnd end;
  Milliseconds dies_in{5};  // after the stop signal
  bool ignores_stop = false;
  bool unkillable = false;
  // From the spawn until it has said that it is ready, and until a probe of it succeeds.
  Milliseconds ready_in{2};
  Milliseconds healthy_in{3};
  bool never_ready = false;
  Milliseconds spawn_takes{0};
  LaunchOutcome launch;  // what the spawn comes to
};

class FakeWorld {
 public:
  explicit FakeWorld(const Specs& specs, std::uint64_t seed = 1);
  explicit FakeWorld(const std::string& text, std::uint64_t seed = 1);

  // Requests; each is carried out to the last step that needs no time.
  void start(const std::string& name);
  void stop(const std::string& name);
  void restart(const std::string& name);
  /// Names of what it starts and what it stops, in load order.
  std::pair<std::string, std::string> isolate(const std::string& target);
  void boot();
  void shutdown();
  void reload(const Specs& specs);

  // Processes.
  std::function<Life(const std::string& name, int n)> life = [](const std::string&, int) {
    return Life{};
  };
  /// Those of pre_exec and post_exec, counted from 0 over all of them: they end by themselves.
  std::function<Life(const std::string& name, int n)> step_life = [](const std::string&, int) {
    Life one;
    one.ends = true;
    one.lasts = Milliseconds{1};
    return one;
  };
  void exit(const std::string& name, int code);
  void unhealthy(const std::string& name);
  /// Its watchdog does.
  void bite(const std::string& name);
  void check(Slot slot, CheckKind which);

  /// Lets time pass, carrying out what comes due.
  void advance(Milliseconds time);
  /// Until nothing is due any more, or `limit` has passed. False: something goes on for ever.
  bool settle(Milliseconds limit = std::chrono::hours(24 * 365));

  [[nodiscard]] Slot slot(const std::string& name) const;
  [[nodiscard]] const Record& record(const std::string& name) const;
  [[nodiscard]] State state(const std::string& name) const { return record(name).state; }
  [[nodiscard]] int spawns(const std::string& name) const;
  [[nodiscard]] const std::vector<std::string>& trace() const { return trace_; }
  [[nodiscard]] std::string trace_text() const;
  [[nodiscard]] std::string states() const;  // "web=running db=failed"
  /// Faults seen so far: broken invariants, lost wake-ups. Empty is what is wanted.
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }

  World world;
  TimePoint now{std::chrono::hours(1)};

 private:
  struct Event {
    std::uint64_t generation;  // of the process
    std::function<void()> happen;
  };
  struct Run {  // of one service's process
    std::uint64_t generation = 0;
    int count = 0;  // of main processes
    int steps = 0;  // of all others
    Life life;
    // Of the attempt under way: the commands that have run, in order, as "pre 0", "main", "post 1".
    std::vector<std::string> ran;
    bool last_good = true;  // how the last of them ended
    bool post_cut = false;  // post_exec has used up its time
  };

  void touched(const Slots& changed);
  void work();           // everything that needs no time
  bool step(Slot slot);  // false: it waits
  void perform(Slot slot, const Row& row);
  void enter(Slot slot, const Row& row, const LaunchOutcome& outcome);
  void launch(Slot slot, const Row& row);
  void at(TimePoint when, Slot slot, std::function<void()> happen);
  void end_process(Slot slot, const ProcessEnd& end);
  bool next_time(TimePoint& when) const;
  void run_due();
  void check_start(Slot slot);
  void check_step(Slot slot, const LaunchedCommand& command);
  void check_attempt_over(Slot slot);
  void note_post_time(Slot slot);
  void check_stop(Slot slot, const Row& row);
  void check_quiet();
  void fault(const std::string& text);

  std::mt19937_64 random_;
  Slots woken_;
  std::map<Slot, TimePoint> deadlines_;
  std::multimap<TimePoint, std::pair<Slot, Event>> events_;
  std::vector<Run> runs_;
  std::vector<std::string> trace_;
  std::vector<std::string> faults_;
};

}  // namespace zinit::test
