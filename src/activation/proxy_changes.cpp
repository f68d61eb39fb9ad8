// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sets, loads and removes proxies. See proxy_changes.hpp.
#include "activation/proxy_changes.hpp"

#include <algorithm>

#include "activation/proxy_file.hpp"
#include "base/log.hpp"
#include "config/proxy_reader.hpp"
#include "files/service_file.hpp"

namespace zinit {

/// A change on its way through the threads.
struct ProxyChanges::Change {
  Entries before{}, after{};      // of the proxies that it concerns; `before` may have more
  std::set<ListenerPtr> spare{};  // open, but not needed
  std::optional<RequestFailure> failure{};
  TimePoint began = Clock::now();
  std::optional<ProxyTable::Place> new_place{};  // was free; of a client's proxy
};

ProxyChanges::ProxyChanges(Parts parts)
    : parts_(std::move(parts)),
      services_(parts_.board),
      retry_(parts_.loop, [this] { load(); }),
      on_told_(parts_.loop, [this] { take_told(); }),
      proxies_(parts_.data_loop, services_, [this](ProxyTable::Place place) {
        MutexLock lock(told_mutex_);
        told_.gone.push_back(place);
        on_told_.ask();
      }) {}

void ProxyChanges::remove_files() noexcept {
  for (const auto& [name, entry] : entries_)
    for (const ListenerPtr& listener : entry.listeners) listener->remove_file();
  for (const auto& [listener, name] : leaving_) listener->remove_file();
}

// --- places ---

std::optional<ProxyTable::Place> ProxyChanges::place_for(const std::string& name) {
  if (!table_) {
    auto made = ProxyTable::create();
    if (!made) {
      log_error("no proxy is available: {}", made.error().text);
      return std::nullopt;
    }
    table_.emplace(*std::move(made));
  }
  return table_->claim(name);
}

/// Why place_for() returns nothing.
std::string ProxyChanges::no_place() const {
  return table_ && table_->full() ? fmt::format("there are {} proxies already", ProxyTable::kMost)
                                  : std::string("not enough memory for the counts of proxies");
}

/// The place of a proxy that had `place` when its change began. The place of a removed proxy of its
/// name may have become free meanwhile. A new proxy counts from 0 if no such connections go on.
ProxyTable::Place ProxyChanges::place_now(const std::string& name, ProxyTable::Place place) {
  const ProxyTable::Place now = place_for(name).value_or(place);
  if (!entries_.contains(name)) table_->count_anew(now);
  return now;
}

bool ProxyChanges::used(ProxyTable::Place place) const {
  return std::ranges::any_of(entries_,
                             [place](const auto& one) { return one.second.place == place; });
}

void ProxyChanges::free_place(ProxyTable::Place place) {
  if (!used(place) && table_) table_->free(place);
}

// --- reports to the data loop ---

/// The entry must have a place.
Proxies::Change ProxyChanges::change_of(const Entry& entry) const {
  return {entry.spec, *entry.place, &table_->counts(*entry.place), entry.listeners};
}

Proxies::Change ProxyChanges::removal_of(const Entry& entry) const {
  Proxies::Change change = change_of(entry);
  change.listeners.clear();
  change.removed = true;
  return change;
}

void ProxyChanges::put(const std::string& name, Entry entry) {
  keep_fact(name, entry);
  Entry& there = entries_[name];
  for (const ListenerPtr& listener : there.listeners) leaving_.emplace(listener, name);
  there = std::move(entry);
}

void ProxyChanges::drop(const std::string& name) {
  forget_fact(name);
  for (const ListenerPtr& listener : entries_.at(name).listeners) leaving_.emplace(listener, name);
  entries_.erase(name);
}

/// Reports the addresses that proxies are about to give up. Call it after each change of these.
void ProxyChanges::tell_moving() {
  HeldSockets moving;
  const auto add = [&](const std::string& name, const ListenerPtr& listener) {
    moving.push_back(listener->held_by("proxy " + name));
  };
  for (const auto& [name, entry] : entries_) {
    if (!entry.awaits && (loading_ == 0 || !leaves(entry, files_))) continue;
    for (const ListenerPtr& listener : entry.listeners) add(name, listener);
  }
  for (const auto& [listener, name] : leaving_) add(name, listener);
  parts_.sockets.set_moving(std::move(moving));
}

/// Makes the difference between two sets of entries. The caller keeps no listener: only the data
/// loop may hold the last references, which close one.
void ProxyChanges::put_in_force(Entries before, Entries after, Then then) {
  std::vector<Proxies::Change> changes;
  for (const auto& [name, old] : before) {
    if (after.contains(name)) continue;
    if (old.place) changes.push_back(removal_of(old));
    drop(name);
  }
  for (auto& [name, entry] : after) {
    const auto old = before.find(name);
    const bool is_new = old == before.end();
    if (!is_new && old->second.spec == entry.spec && old->second.listeners == entry.listeners &&
        old->second.error == entry.error) {
      if (!entry.error.empty()) keep_fact(name, entry);  // its file may have changed
      continue;
    }
    if (entry.place) entry.place = place_now(name, *entry.place);
    if (!entry.listeners.empty())
      changes.push_back(change_of(entry));
    else if (!is_new && old->second.place)
      changes.push_back(removal_of(old->second));
    put(name, std::move(entry));
  }
  before.clear();
  after.clear();
  for (const auto& [name, entry] : entries_)
    for (const ListenerPtr& listener : entry.listeners) leaving_.erase(listener);
  tell_moving();
  apply(std::move(changes), std::move(then));
}

void ProxyChanges::apply(std::vector<Proxies::Change> changes, Then then) {
  // The data loop gets only the ticket: the request of a client stays on this thread.
  const Ticket ticket = ++last_;
  applied_[ticket] = std::move(then);
  proxies_.apply(std::move(changes), [this, ticket](Listeners unused) {
    MutexLock lock(told_mutex_);
    told_.changes.emplace_back(ticket, std::move(unused));
    on_told_.ask();
  });
}

void ProxyChanges::take_told() {
  Told told;
  {
    MutexLock lock(told_mutex_);
    std::swap(told, told_);
  }
  for (const ProxyTable::Place place : told.gone) free_place(place);
  for (auto& [ticket, unused] : told.changes)
    let_go(std::make_shared<Listeners>(std::move(unused)), ticket);
}

/// A task closes the listeners, because closing removes their files, which may block.
void ProxyChanges::let_go(const std::shared_ptr<Listeners>& unused, Ticket ticket) {
  if (unused->empty()) return end_change(ticket);
  FileTask task;
  const auto leave = [this, unused] {
    for (const ListenerPtr& listener : *unused) leaving_.erase(listener);
  };
  task.begin = leave;
  task.work = [unused] { unused->clear(); };
  task.finish = [this, unused, leave, ticket](const std::optional<Error>&) {
    // If a full queue or a lack of threads has kept the task from its work: nobody may find the
    // listeners in use.
    leave();
    unused->clear();
    tell_moving();
    parts_.sockets.try_again();
    try_again();
    end_change(ticket);
  };
  parts_.queue.add(std::move(task));
}

void ProxyChanges::end_change(Ticket ticket) {
  const auto change = applied_.extract(ticket);
  if (!change.empty() && change.mapped()) catch_all("proxies", change.mapped());
  if (!changing()) parts_.sockets.go_on();
  if (!busy()) parts_.settled();
}

// --- changes ---

/// Has a change take its steps when its turn comes.
void ProxyChanges::make(Steps steps, std::size_t bytes) {
  const auto change = std::make_shared<Change>();
  FileTask task;
  task.bytes = bytes;
  task.begin = [this, change, begin = std::move(steps.begin)] {
    change->began = Clock::now();
    for (const auto& [listener, name] : leaving_) change->spare.insert(listener);
    begin(*change);
  };
  task.work = [change, work = std::move(steps.work)] { work(*change); };
  task.finish = [change, finish = std::move(steps.finish)](const std::optional<Error>& fault) {
    change->spare.clear();
    if (fault) change->failure = RequestFailure{Refusal::process_error, fault->text, {}};
    finish(*change);
  };
  parts_.queue.add(std::move(task));
}

/// Adds a proxy to a change, with a place if there is one.
void ProxyChanges::claim(Change& change, const std::string& name, ProxyPtr spec) {
  Entry& entry = change.after.emplace(name, Entry{std::move(spec)}).first->second;
  entry.place = place_for(name);
  if (!entry.place) entry.error = no_place();
}

// --- files ---

void ProxyChanges::load(const LoadedConfig& config) {
  files_ = files_of(config, entries_);
  load();
  tell_moving();
}

void ProxyChanges::load() {
  if (files_.empty() && entries_.empty()) return;
  ++loading_;
  const auto begin = [this, files = files_](Change& change) {
    change.before = entries_;
    for (const ProxyPtr& spec : files) claim(change, spec->name, spec);
    for (const auto& [name, entry] : change.before)
      if (entry.spec->file.empty())
        change.after.emplace(name, Entry{entry.spec, entry.place, entry.listeners});
  };
  make({begin, [&sockets = parts_.sockets](Change& change) { open_loaded(change, sockets); },
        [this](Change& change) { take_loaded(change); }});
}

/// Opens missing listeners. A proxy whose new setting is not available keeps its old one.
void ProxyChanges::open_loaded(Change& load, SocketChanges& sockets) {
  sockets.close_unwanted();
  std::set<ListenerPtr>& spare = load.spare;
  for (const auto& [name, entry] : load.before)
    spare.insert(entry.listeners.begin(), entry.listeners.end());
  const auto keep = [&](Entry& entry, const Entry& old) {
    entry.listeners.clear();
    for (const ListenerPtr& listener : old.listeners)
      if (spare.erase(listener) > 0) entry.listeners.push_back(listener);
  };
  std::vector<std::pair<Entry*, const Entry*>> changed;
  for (auto& [name, entry] : load.after) {
    const auto found = load.before.find(name);
    const Entry* const old = found == load.before.end() ? nullptr : &found->second;
    const bool same = old != nullptr && *old->spec == *entry.spec && old->error.empty() &&
                      std::ranges::all_of(old->listeners, &OpenListener::reachable);
    if (same)
      keep(entry, *old);
    else if (entry.error.empty())
      changed.emplace_back(&entry, old);
  }
  HeldSockets held = sockets.held();
  for (const auto& [entry, old] : changed) {
    Result<Listeners> opened = failure("its file is wrong");
    if (!entry->spec->broken())
      opened = open_listeners(*entry->spec, *entry->place, {{spare.begin(), spare.end()}, held});
    if (opened) {
      for (const ListenerPtr& listener : *opened) spare.erase(listener);
      entry->listeners = *std::move(opened);
      continue;
    }
    entry->awaits = SocketChanges::may_come_free(opened.error());
    entry->error = with_holder(opened.error().text, load.after, entry->spec->name);
    if (old == nullptr || old->spec->broken()) continue;
    keep(*entry, *old);
    entry->spec = old->spec;
    for (const ListenerPtr& one : entry->listeners)
      if (entry->awaits) held.push_back(one->held_by("proxy " + old->spec->name));
  }
}

void ProxyChanges::take_loaded(Change& load) {
  --loading_;
  if (load.failure) {
    log_error("proxies: {}", load.failure->text);
    load.before.clear();
    load.after.clear();
  }
  for (const auto& [name, entry] : load.before)
    if (!load.after.contains(name)) log_info("proxy {}: removed", name);
  for (const auto& [name, entry] : load.after) {
    const auto old = load.before.find(name);
    if (!entry.error.empty() && (old == load.before.end() || old->second.error != entry.error))
      log(entry.awaits ? LogLevel::info : LogLevel::error, "proxy {}: {}", name, entry.error);
  }
  put_in_force(std::move(load.before), std::move(load.after), {});
  const bool again = load.failure || worth_a_retry(entries_, files_);
  again ? retry_.set(retry_delay(load.began)) : retry_.stop();
  if (!changing()) parts_.sockets.go_on();
}

// --- requests ---

void ProxyChanges::set(SetProxy asked, Daemon::ProxyDone done) {
  const auto request = std::make_shared<const SetProxy>(std::move(asked));
  const Member* const given = request->config.find("name");
  const std::string name = given == nullptr ? std::string() : given->value.string;
  const auto begin = [this, name](Change& change) {
    change.before = entries_;
    if (name_fault(name)) return;
    const bool known = table_ && table_->find(name);
    claim(change, name, nullptr);
    if (!known) change.new_place = change.after.at(name).place;
  };
  const auto finish = [this, name, request, done = std::move(done)](Change& change) {
    const bool there = change.before.contains(name);
    if (!change.failure)
      log_info("proxy {}: {} by a client{}", name, there ? "replaced" : "added",
               request->persist ? ", written to " + change.after.at(name).spec->file
                                : ", at runtime only");
    else if (change.new_place)
      free_place(*change.new_place);
    take_one(name, change, done, Daemon::ProxySet{name, there});
  };
  make({begin, [this, request](Change& change) { make_set(*request, change); }, finish},
       memory_of(request->config));
}

/// Runs on the queue's thread.
void ProxyChanges::make_set(const SetProxy& request, Change& change) const {
  const auto fail = [&change](Refusal refusal, std::string text,
                              std::vector<std::string> details = {}) {
    change.failure = RequestFailure{refusal, std::move(text), std::move(details)};
  };
  const auto parsed = proxy_from_table(request.config);
  if (!parsed)
    return fail(Refusal::config_error, "the proxy is wrong: " + parsed.error().front(),
                parsed.error());
  ProxySpec& spec = **parsed;
  if (parts_.board.find(spec.service) == kNoSlot)
    return fail(Refusal::not_found, fmt::format("no service is named {}", spec.service));
  Entry& entry = change.after.at(spec.name);
  if (!entry.place) return fail(Refusal::process_error, entry.error);
  entry.spec = *parsed;
  if (const auto old = change.before.find(spec.name); old != change.before.end()) {
    spec.file = old->second.spec->file;
    spec.drop_ins = old->second.spec->drop_ins;
    spec.vendors = old->second.spec->vendors;
    change.spare.insert(old->second.listeners.begin(), old->second.listeners.end());
  }
  if (const auto checked = check_backend(spec); !checked)
    return fail(Refusal::config_error, checked.error().text, {checked.error().text});
  auto opened = open_listeners(spec, *entry.place, {{change.spare.begin(), change.spare.end()}});
  if (!opened) {
    const std::string text = with_holder(opened.error().text, change.before, spec.name);
    return fail(Refusal::config_error, text, {text});
  }
  if (request.persist) {
    const auto written = write_proxy_file(spec, parts_.places);
    if (!written) return fail(written.error().refusal, written.error().text);
  }
  entry.listeners = *std::move(opened);
}

void ProxyChanges::remove(DeleteProxy request, Daemon::ProxyDeleteDone done) {
  const std::string name = std::move(request.name);
  const auto begin = [this, name](Change& change) {
    if (const auto found = entries_.find(name); found != entries_.end())
      change.before.insert(*found);
  };
  const auto work = [name, persist = request.persist](Change& change) {
    const auto old = change.before.find(name);
    if (old == change.before.end()) {
      change.failure = {Refusal::proxy_not_found, "no proxy is named " + name};
    } else if (const std::string& file = old->second.spec->file; persist && !file.empty()) {
      if (const auto removed = remove_config_file(file, name); !removed)
        change.failure = removed.error();
    }
  };
  const auto finish = [this, name, done = std::move(done)](Change& change) {
    if (!change.failure) log_info("proxy {}: removed by a client", name);
    take_one(name, change, done);
  };
  make({begin, work, finish}, name.size());
}

/// Puts the change of one proxy in force, or answers why it has failed.
template <class Done, class... Answer>
void ProxyChanges::take_one(const std::string& name, Change& change, const Done& done,
                            Answer... answer) {
  if (change.failure) return done(tl::unexpected(*std::move(change.failure)));
  Entries old;
  old.insert(change.before.extract(name));
  change.before.clear();
  // The setting in force is the one to try again later; a reload brings back the files' settings.
  std::erase_if(files_, [&](const ProxyPtr& file) { return file->name == name; });
  for (const auto& [same, entry] : change.after)
    if (!entry.spec->file.empty()) files_.push_back(entry.spec);
  put_in_force(std::move(old), std::move(change.after), [done, answer...] { done({answer...}); });
}

// --- queries ---

std::vector<ProxyView> ProxyChanges::views() const {
  std::vector<ProxyView> views;
  for (const auto& [name, entry] : entries_) {
    ProxyView& view = views.emplace_back(
        ProxyView{entry.spec, entry.error.empty(), !entry.listeners.empty(), entry.error});
    if (!entry.place) continue;
    const ProxyCounts& counts = table_->counts(*entry.place);
    view.total_connections = counts.total;
    view.active_connections = counts.active;
    view.rejected_connections = counts.rejected;
    view.bytes_to_backend = counts.to_backend;
    view.bytes_from_backend = counts.from_backend;
  }
  return views;
}

}  // namespace zinit
