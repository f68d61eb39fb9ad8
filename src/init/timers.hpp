// [timer] of services: starts each when it is due, and keeps when that was, for the next image and,
// with `persistent`, for the next boot.
//
// A service that runs already when it is due is not started again, and the time has passed. Until
// it has ended zinit does not wake up for its every_ms. Timers wait in the kernel: one for the wall
// clock, which also tells when somebody sets that, and one of the loop, so that zinit sleeps until
// the first of all times.
//
// What was missed while the machine was down is known when the services of the boot have settled:
// only then the file systems are sure to be there.
//
// A start is owed from the moment when its timer is due until the board has taken it. One fact says
// that this time has passed and that a start is owed. So after a crash at any point the next
// process image starts the service once (ServiceTimer::Stand::owed).
//
// Everything here is called on the control loop's thread, except the constructor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "activation/services.hpp"
#include "activation/timer.hpp"
#include "control/daemon.hpp"
#include "init/file_queue.hpp"
#include "io/wall_timer.hpp"
#include "os/state_facts.hpp"
#include "supervisor/board.hpp"

namespace zinit {

class Timers {
 public:
  /// All of these outlive this object. `state` is the directory below which zinit keeps files over
  /// a boot; empty: there is none. `boot` is when the machine, or else zinit, has started.
  /// `settled` is called when all timers are in force.
  struct Parts {
    FileQueue& queue;
    EventLoop& loop;
    Board& board;
    StateFacts& facts;
    std::string state;
    TimePoint boot;
    std::function<void()> settled;
  };
  explicit Timers(Parts parts);
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  /// After a re-execution, before the first look(): timers go on as they stood in the previous
  /// process image.
  void take_over(const FactMap& facts);

  /// To be called after each change of the board. Reads timers where the graph is another.
  void look();
  /// At the next look() all are read anew, as for a reload: the machine's time zone may be another.
  void anew() noexcept { anew_ = true; }

  /// Whether timers are still being read.
  [[nodiscard]] bool busy() const noexcept { return under_way_; }

  /// Which of its expressions could not be read; empty: none.
  [[nodiscard]] std::string fault_of(const std::string& service) const;

  /// By service, in the order of their names; of one service, unless `of` is empty.
  [[nodiscard]] std::vector<TimerView> views(std::string_view of) const;

 private:
  using Made = std::map<std::string, std::shared_ptr<ServiceTimer>, std::less<>>;

  void load();
  void loaded(const Made& made, const GraphPtr& graph_before);
  void follow_status(Moment now);
  void look_back();
  void run_due();
  void run(const std::string& service, ServiceTimer& timer);
  void start(const std::string& service, ServiceTimer& timer);
  void arm();
  void keep(const std::string& service, const ServiceTimer& timer);
  void write_stamp(const std::string& service, const ServiceTimer& timer);
  void remove_stamp(const std::string& service, std::string unless = {});
  void release_ended();
  [[nodiscard]] bool may_start(const std::string& service);
  void look_at_start(const std::string& service, ServiceTimer& timer, Moment now) const;
  [[nodiscard]] std::string stamp_of(const std::string& service) const;

  const Parts parts_;
  BoardServices services_;
  GraphPtr seen_;  // whose timers are in force, or being read
  bool under_way_ = false;
  bool anew_ = false;  // all are to be read again
  Made timers_;
  std::set<std::string> disabled_;  // of timers_: their services have status "ignore"
  std::map<std::string, ServiceTimer::Stand> inherited_;
  TimerWatcher retry_;
  WallTimer wall_;
  TimerWatcher monotonic_;
};

}  // namespace zinit
