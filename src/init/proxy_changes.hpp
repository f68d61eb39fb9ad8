// Which proxies there are: those of files, and those that clients set and delete (control.md,
// "Proxies"). Addresses are looked up, bound and given back, and files written, as tasks of the
// file queue, for all of that may block; then the data loop is told (activation/proxies.hpp).
//
// A change opens all that the new setting listens on before it touches the old one. What listens at
// an address already is used again, so no client is refused meanwhile; in a reload also by another
// proxy. A proxy of a file whose address cannot be had now is tried again every 5 s.
//
// Everything here is called on the control loop's thread, except what is said to be of any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "activation/proxies.hpp"
#include "base/mutex.hpp"
#include "control/daemon.hpp"
#include "init/configuration.hpp"
#include "init/file_queue.hpp"
#include "io/loop.hpp"
#include "os/state_facts.hpp"

namespace zinit {

class ProxyChanges {
 public:
  /// All of these outlive this object. `settled` is called when no change is under way any more.
  struct Parts {
    FileQueue& queue;
    EventLoop& loop;
    EventLoop& data_loop;
    Board& board;
    const Places& places;
    StateFacts& facts;
    std::function<void()> settled;
  };
  explicit ProxyChanges(Parts parts);
  ProxyChanges(const ProxyChanges&) = delete;
  ProxyChanges& operator=(const ProxyChanges&) = delete;

  /// After a re-execution: goes on with the proxies of the previous process image, at once.
  void restore(Inheritance& inherited, const FactMap& facts);

  /// At boot and at a reload: the proxies of files are those of `config`. Those that were set at
  /// runtime only stay, and those whose file cannot be read or is wrong stay as they are.
  void load(const LoadedConfig& config);

  /// What load() will make of them.
  [[nodiscard]] ProxyReport plan(const LoadedConfig& config) const;

  /// When that is done: adds those that are not in force as their files say.
  void add_faults(ProxyReport& report) const;

  void set(SetProxy request, Daemon::ProxyDone done);
  void remove(const std::string& name, Daemon::ProxyDeleteDone done);

  /// Sorted by name.
  [[nodiscard]] std::vector<ProxyView> views() const;
  /// Whether a change is not in force yet.
  [[nodiscard]] bool busy() const noexcept { return loading_ > 0 || !applied_.empty(); }

  /// To be called after each change of the board. Any thread.
  void look() noexcept { proxies_.look(); }

  /// When zinit ends: removes the files of all that is listened on.
  void remove_files() noexcept;

 private:
  struct Entry {
    ProxyPtr spec;
    std::optional<ProxyTable::Place> place;  // none: there are no more, and it does not listen
    Listeners listeners;
    std::string error;  // why it does not listen as its file says
  };
  using Entries = std::map<std::string, Entry>;
  using Ticket = std::uint64_t;
  using Then = std::function<void(const std::optional<Error>& fault)>;
  struct Set;
  struct Load;

  void load();
  [[nodiscard]] ProxyTable* table();
  [[nodiscard]] std::optional<ProxyTable::Place> place_for(const std::string& name);
  [[nodiscard]] ProxyTable::Place place_now(const std::string& name, ProxyTable::Place place);
  [[nodiscard]] std::string no_place() const;
  void free_place(ProxyTable::Place place);
  static void open_loaded(Load& load);
  void take_loaded(Load& load, const std::optional<Error>& fault);
  void make_set(Set& set) const;
  void take_set(const std::shared_ptr<Set>& set, const std::optional<Error>& fault);
  void take_away(const std::string& name, const Daemon::ProxyDeleteDone& done);
  void keep_fact(const std::string& name, const Entry& entry);
  void put(const std::string& name, Entry entry);
  void drop(const std::string& name);
  [[nodiscard]] std::vector<ProxyPtr> files_of(const LoadedConfig& config) const;
  [[nodiscard]] Proxies::Change change_of(const Entry& entry) const;
  [[nodiscard]] Proxies::Change removal_of(const Entry& entry) const;
  void apply(std::vector<Proxies::Change> changes, Then then);
  void take_told();
  void let_go(const std::shared_ptr<Listeners>& unused, Ticket ticket);
  void end_change(Ticket ticket, const std::optional<Error>& fault);
  void retry_later(TimePoint began);

  const Parts parts_;
  BoardServices services_;
  std::optional<ProxyTable> table_;  // made for the first proxy
  Entries entries_;
  std::vector<ProxyPtr> files_;  // as they were last read
  std::size_t loading_ = 0;      // files that are being opened
  Ticket last_ = 0;
  std::map<Ticket, Then> applied_;  // what follows when the data loop has it
  std::set<ListenerPtr> leaving_;   // given up, and perhaps not closed yet
  TimerWatcher retry_;
  // What the data loop has done, until this thread acts on it. A ticket that is never told of would
  // count as busy for ever, so it is not handed over by a post(), which may be refused.
  struct Told {
    std::vector<std::pair<Ticket, Listeners>> changes;
    std::vector<ProxyTable::Place> gone;
  };
  Mutex told_mutex_;
  Told told_ GUARDED_BY(told_mutex_);
  LoopCall on_told_;
  Proxies proxies_;  // counts in table_
};

}  // namespace zinit
