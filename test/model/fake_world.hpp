// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A world for tests: a simulation (model/simulation.hpp) of a graph made from a few words, with
// processes under the test's control. A seed chooses the order of its steps. It asks only services
// that were woken, so that a lost wake-up leaves a service with something to do.
#pragma once

#include "model/simulation.hpp"
#include "support/test.hpp"

namespace zinit::test {

struct Relation {
  std::string_view name;
  std::vector<Dependency> Dependencies::*list;
};
inline constexpr Relation kRelations[] = {{"requires", &Dependencies::requires_},
                                          {"after", &Dependencies::after},
                                          {"wants", &Dependencies::wants},
                                          {"conflicts", &Dependencies::conflicts},
                                          {"binds_to", &Dependencies::binds_to},
                                          {"bound_by", &Dependencies::bound_by},
                                          {"required_by", &Dependencies::required_by},
                                          {"before", &Dependencies::before},
                                          {"wanted_by", &Dependencies::wanted_by}};

/// Makes the specs of a graph from text like "web requires db, web after net?, job oneshot, net
/// service.status = 'stop'": with `?` no service of that name is made, and `@7` behind a name is
/// its line in the file. operator[] gives access to the rest.
class Specs {
 public:
  explicit Specs(const std::string& text = "");
  ServiceSpec& operator[](const std::string& name);
  [[nodiscard]] std::vector<SpecPtr> list() const;  // in order of first mention
  [[nodiscard]] std::string text() const;           // the relations, for messages

 private:
  std::vector<std::shared_ptr<ServiceSpec>> specs_;
};

class FakeWorld final : public Simulation {
 public:
  explicit FakeWorld(const Specs& specs, std::uint64_t seed = 1);

  // Requests. After each, all steps that take no time follow.
  Requested start(const std::string& name);
  Requested stop(const std::string& name);
  Requested restart(const std::string& name);
  Isolation isolate(const std::string& target);
  void boot();
  void shutdown();
  Plan reload(const Specs& specs);

  // Processes. Gives the life of a service's n-th main process, from 0 on.
  std::function<Life(const std::string& name, int n)> life = [](const std::string&, int) {
    return Life{};
  };
  /// The n-th command of pre_exec, ready_exec or post_exec, counted together; it ends by itself.
  std::function<Life(const std::string& name, int n)> step_life = [](const std::string&, int) {
    Life one;
    one.ends = true;
    one.lasts = Milliseconds{1};
    return one;
  };
  void exit(const std::string& name, int code);
  // False: it changes nothing.
  bool unhealthy(const std::string& name);
  bool bite(const std::string& name);  // its watchdog time is over
  bool check(Slot slot, CheckKind which);

  /// Lets time pass, and carries out everything that becomes due.
  void advance(Milliseconds time);
  /// Goes on until nothing is left to do. False: after `limit` something was left.
  bool settle(Milliseconds limit = std::chrono::hours(24 * 365));

  [[nodiscard]] Slot slot(const std::string& name) const;
  [[nodiscard]] const Record& record(const std::string& name) const;
  [[nodiscard]] State state(const std::string& name) const { return record(name).state; }
  [[nodiscard]] int spawns(const std::string& name) const;
  [[nodiscard]] const std::vector<std::string>& trace() const { return trace_; }
  [[nodiscard]] std::string trace_text() const;
  [[nodiscard]] std::string states() const;  // "web=running db=failed"
  /// The broken invariants and lost wake-ups so far; empty if all is well.
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }

 private:
  struct Run {  // the processes of one service
    int count = 0;  // of main processes so far
    int steps = 0;  // of other commands so far
    // The commands of this attempt, in order: "pre 0", "main", "post 1".
    std::vector<std::string> ran;
    std::size_t ready_good = 0;  // successful commands of ready_exec beside this process
    bool last_good = true;       // the last of them succeeded
    bool post_cut = false;       // the time for post_exec ended before all of it had run
  };

  template <class Request>
  auto request(const char* what, Request ask, const std::string& name);
  bool noticed(Slot slot, bool changed);
  void work();  // takes all steps that need no time
  bool pass_instant(TimePoint until);

  Life life_of(Slot slot) override;
  Life ready_life_of(Slot slot) override;
  std::size_t choose(std::size_t count) override { return random_() % count; }
  void will_perform(Slot slot, const Row& row) override;
  void launched(Slot slot, const Row& row, const LaunchOutcome& outcome) override;
  void entered(Slot slot, const Row& row, State from) override;
  void ready_ended(Slot slot, bool good) override;
  void ends(Slot slot, const ProcessEnd& end) override;
  void left_gone(Slot slot) override;

  void check_start(Slot slot);
  void check_step(Slot slot);
  void check_attempt_over(Slot slot);
  void note_post_time(Slot slot);
  void check_bound(Slot slot);
  void check_stop(Slot slot);
  void check_quiet();
  void fault(const std::string& text);

  std::mt19937_64 random_;
  std::vector<Run> runs_;
  std::vector<std::string> trace_;
  std::vector<std::string> faults_;
};

}  // namespace zinit::test
