// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The set of proxies: proxies of files, and proxies that clients set and delete (control.md,
// "Proxies"). proxy_plan.hpp says what a load changes. Tasks of the file queue look up, bind and
// release addresses and write files, because all of these may block. Then the data loop gets the
// change (activation/proxies.hpp).
//
// A change opens all listeners of the new setting before it touches the old one. It uses a listener
// that is already open at an address again, so no client is refused; a reload may also take it from
// another proxy. A load first closes sockets that services give up, and services open new sockets
// only after proxies have closed theirs (socket_changes.hpp): so they may swap addresses. If the
// address of a file's proxy is not available, zinit tries again every 5 s.
//
// A set or a load goes through these steps, and a deletion through the same without listeners:
//
//   begin   (control loop)   copies the entries, claims places in the table of counts, and collects
//                            open listeners that may be used again
//   work    (queue)          opens the missing listeners, and writes or removes the file. On an
//                            error a set changes nothing, and a load keeps the old setting
//   finish  (control loop)   changes the entries and their facts for the next process image, and
//                            passes the change to the data loop under a ticket
//   apply   (data loop)      changes the proxies, and returns the ticket with unused listeners
//   let_go  (queue)          closes these; then the change is over, and the client gets its answer
//
// A listener that is no longer used is in `leaving_` until the queue closes it, so that a later
// change can use it again. Services that need its address wait until it is closed (tell_moving()).
// A place becomes free when the data loop reports that no connection counts there.
//
// Call everything here on the control loop's thread, unless a comment allows any thread.
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
#include "activation/proxy_plan.hpp"
#include "activation/socket_changes.hpp"
#include "base/mutex.hpp"
#include "control/daemon.hpp"
#include "files/file_queue.hpp"
#include "io/loop.hpp"

namespace zinit {

class ProxyChanges {
 public:
  struct Parts : FollowerParts {
    EventLoop& data_loop;
    const Places& places;
    SocketChanges& sockets;
  };
  explicit ProxyChanges(Parts parts);
  ProxyChanges& operator=(ProxyChanges&&) = delete;

  /// After a re-execution: continues at once with the proxies of the previous process image.
  void restore(Inheritance& inherited, const FactMap& facts);

  /// At boot and at a reload: takes the proxies of files from `config`. A proxy set at runtime only
  /// stays; a proxy whose file is wrong or cannot be read stays unchanged.
  void load(const LoadedConfig& config);

  [[nodiscard]] const ProxyFiles& files() const noexcept { return files_; }

  /// What load() will do.
  [[nodiscard]] ProxyReport plan(const LoadedConfig& config) const {
    return plan_of(config, entries_);
  }
  /// See zinit::add_faults(). Call it after load() is complete.
  void add_faults(ProxyReport& report) const { zinit::add_faults(report, entries_); }

  void set(SetProxy request, Daemon::ProxyDone done);
  void remove(DeleteProxy request, Daemon::ProxyDeleteDone done);

  /// Sorted by name.
  [[nodiscard]] std::vector<ProxyView> views() const;
  /// Whether a change is not in force yet.
  [[nodiscard]] bool busy() const noexcept { return loading_ > 0 || !applied_.empty(); }

  /// Whether addresses may be about to become free.
  [[nodiscard]] bool changing() const noexcept {
    return loading_ > 0 || (!applied_.empty() && !leaving_.empty());
  }
  /// Addresses have become free: tries again to set proxies whose settings are not in force. A load
  /// under way may just have failed to open them; one that has not begun opens them.
  void try_again() {
    if (loading_ == 1 || (loading_ == 0 && retry_.active())) load();
  }

  /// Call it after each change of the board. Any thread.
  void look() noexcept { proxies_.look(); }

  /// When zinit ends: removes the files of all listeners.
  void remove_files() noexcept;

 private:
  using Entry = ProxyEntry;
  using Entries = ProxyEntries;
  using Ticket = std::uint64_t;
  using Then = std::function<void()>;
  struct Change;
  struct Steps {  // of a change: the first three above
    std::function<void(Change&)> begin, work, finish;
  };

  void load();
  void make(Steps steps, std::size_t bytes = 0);
  void claim(Change& change, const std::string& name, ProxyPtr spec);
  [[nodiscard]] std::optional<ProxyTable::Place> place_for(const std::string& name);
  [[nodiscard]] ProxyTable::Place place_now(const std::string& name, ProxyTable::Place place);
  [[nodiscard]] std::string no_place() const;
  [[nodiscard]] bool used(ProxyTable::Place place) const;
  void free_place(ProxyTable::Place place);
  static void open_loaded(Change& load, SocketChanges& sockets);
  void take_loaded(Change& load);
  void make_set(const SetProxy& request, Change& change) const;
  template <class Done, class... Answer>
  void take_one(const std::string& name, Change& change, const Done& done, Answer... answer);
  void keep_fact(const std::string& name, const Entry& entry);
  void forget_fact(const std::string& name);
  void put(const std::string& name, Entry entry);
  void drop(const std::string& name);
  [[nodiscard]] Proxies::Change change_of(const Entry& entry) const;
  [[nodiscard]] Proxies::Change removal_of(const Entry& entry) const;
  void tell_moving();
  void put_in_force(Entries before, Entries after, Then then);
  void apply(std::vector<Proxies::Change> changes, Then then);
  void take_told();
  void let_go(const std::shared_ptr<Listeners>& unused, Ticket ticket);
  void end_change(Ticket ticket);

  const Parts parts_;
  BoardServices services_;
  std::optional<ProxyTable> table_;  // made for the first proxy
  Entries entries_;
  ProxyFiles files_;         // from the last load()
  std::size_t loading_ = 0;  // loads under way
  Ticket last_ = 0;
  std::map<Ticket, Then> applied_;              // the next steps, once the data loop is done
  std::map<ListenerPtr, std::string> leaving_;  // given up by this proxy, perhaps not closed yet
  TimerWatcher retry_;
  // Results of the data loop until this thread handles them. Not passed by post(), which may be
  // refused: a change whose ticket gets lost would count as busy for ever.
  struct Told {
    std::vector<std::pair<Ticket, Listeners>> changes;
    std::vector<ProxyTable::Place> gone;
  };
  Mutex told_mutex_;
  Told told_ GUARDED_BY(told_mutex_);
  LoopCall on_told_;
  Proxies proxies_;  // its counts are in table_
};

}  // namespace zinit
