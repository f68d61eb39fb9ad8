// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A simulated board. It has a world, a clock of its own, and processes that exist only as lives:
// how long each runs, and how it ends. Like the board, it performs the steps that decide() gives,
// wakes the services that a step affects, and lets deadlines pass. Nothing is executed.
//
// Two kinds of simulation are made of it. A rehearsal (model/rehearsal.hpp) answers what a request
// would do. The tests' world (test/model/fake_world.hpp) chooses the order of steps and the lives
// of processes at random, and checks invariants at every step. So what answers a rehearsal is what
// the tests of decide() run on.
#pragma once

#include <vector>

#include "model/decide.hpp"
#include "model/request.hpp"

namespace zinit {

/// The life of one process.
struct Life {
  bool ends = false;  // by itself, after `lasts`, as `end` says
  Milliseconds lasts{0};
  ProcessEnd end;
  Milliseconds dies_in{5};  // after the stop signal
  bool ignores_stop = false;
  bool unkillable = false;
  // Times from the spawn until it reports readiness, and until a probe succeeds.
  Milliseconds ready_in{2};
  Milliseconds healthy_in{3};
  bool never_ready = false;
  Milliseconds spawn_takes{0};
  // It leaves processes behind when it ends; those that a oneshot holds end by themselves.
  bool leaves = false;
  Milliseconds left_lasts{std::chrono::hours(24 * 365)};
  LaunchOutcome launch;  // how the spawn ends
};

class Simulation {
 public:
  virtual ~Simulation() = default;
  Simulation& operator=(Simulation&&) = delete;

  World world;
  TimePoint now{std::chrono::hours(1)};

  /// Call after a change of these records from outside, such as a request.
  void touched(const Slots& changed);
  /// Takes steps that need no time, at most `most`. @return  false if some are left
  bool work(int most);
  /// Lets time pass until something becomes due, and lets one such thing happen. The steps that
  /// follow from it are left to work(). @return  false if nothing becomes due by `until`
  bool pass_time(TimePoint until);
  /// When something becomes due next; kNever: nothing will.
  [[nodiscard]] TimePoint next_time() const;

 protected:
  // What a kind of simulation decides.
  /// The life of the process that this launch makes. Called after begin_launch().
  virtual Life life_of(Slot slot) = 0;
  /// The life of the next command of ready_exec.
  virtual Life ready_life_of(Slot slot) = 0;
  /// Which of `count` possible things happens first.
  virtual std::size_t choose(std::size_t /*count*/) { return 0; }

  // What a kind of simulation may look at.
  virtual void will_perform(Slot /*slot*/, const Row& /*row*/) {}
  virtual void launched(Slot /*slot*/, const Row& /*row*/, const LaunchOutcome& /*outcome*/) {}
  virtual void entered(Slot /*slot*/, const Row& /*row*/, State /*from*/) {}
  virtual void ready_ended(Slot /*slot*/, bool /*good*/) {}
  virtual void ends(Slot /*slot*/, const ProcessEnd& /*end*/) {}
  virtual void left_gone(Slot /*slot*/) {}

  /// The process of the service, or the rest of its group, ends.
  void end_process(Slot slot, const ProcessEnd& end);
  /// A check of the main process succeeds. @return  whether this changed its record
  bool check(Slot slot, CheckKind which);
  /// What the life of a process that is there now will bring: its end, readiness, health.
  void expect(Slot slot, const Life& life);
  /// The process that is there now, or was there last, has this life.
  void assume(Slot slot, const Life& life) { run(slot).life = life; }
  /// The same for the command of ready_exec that runs.
  void expect_ready_command(Slot slot, const Life& life);
  /// The service is asked for its next step.
  void wake(Slot slot);
  /// A reload has freed the slot.
  void forget(Slot slot);

 private:
  struct Event {
    enum class What : std::uint8_t { launched, ends, left_gone, ready, healthy, ready_command };
    What what = What::ends;
    TimePoint at{};
    Slot slot = kNoSlot;
    std::uint64_t generation = 0;  // of the process
    const Row* row = nullptr;      // of the launch
    ProcessEnd end{};
  };
  struct Run {  // the process of one service
    std::uint64_t generation = 0;
    Life life;
    Life ready_command;
    TimePoint deadline = kNever;  // of the last step, which waits
    bool woken = false;
  };

  [[nodiscard]] Run& run(Slot slot);
  bool step(Slot slot);  // takes one step; false: no step to take
  void perform(Slot slot, const Row& row);
  void enter(Slot slot, const Row& row, const LaunchOutcome& outcome);
  void launch(Slot slot, const Row& row);
  void end_launch(Slot slot, const Row& row);
  void later(Milliseconds in, Slot slot, Event event);
  void happen(const Event& event);
  void end_ready_command(Slot slot);
  void end_left(Slot slot);

  Slots woken_;
  std::vector<Event> events_;  // the next one last
  std::vector<Run> runs_;      // by slot; may be shorter
};

}  // namespace zinit
