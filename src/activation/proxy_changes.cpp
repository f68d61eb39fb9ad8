// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sets, loads and removes proxies. See proxy_changes.hpp.
#include "activation/proxy_changes.hpp"

#include <algorithm>

#include "activation/proxy_file.hpp"
#include "base/log.hpp"
#include "config/proxy_reader.hpp"
#include "files/service_file.hpp"
#include "supervisor/refusals.hpp"

namespace zinit {

namespace {

/// Appends the name of the other proxy that listens at the address, if there is one.
template <class Entries>
std::string with_holder(std::string text, const Entries& entries, const std::string& name) {
  for (const auto& [other, entry] : entries)
    for (const ListenerPtr& listener : entry.listeners) {
      std::string_view address = listener->address();
      if (address.starts_with("unix:")) address.remove_prefix(5);
      if (other != name && text.find(fmt::format(" {}:", address)) != std::string::npos)
        return fmt::format("{}; proxy {} listens there", text, other);
    }
  return text;
}

/// Answers a client when its change is in force, or has failed.
template <class Done, class... Answer>
auto answering(Done done, Answer... answer) {
  return [done = std::move(done), answer...](const std::optional<Error>& fault) {
    fault ? done(refused(Refusal::process_error, fault->text)) : done({answer...});
  };
}

}  // namespace

/// A client's request on its way through the threads.
struct ProxyChanges::Set {
  SetProxy request;
  Daemon::ProxyDone done;
  std::string name;
  Entries before{};
  Listeners spare{};  // open, but not needed
  std::optional<ProxyTable::Place> place{};
  std::string no_place{};  // why `place` is unset
  bool new_place = false;  // the place was free
  std::optional<RequestFailure> failure{};
  std::shared_ptr<ProxySpec> spec{};
  Listeners listeners{};
};

/// The content of files on its way through the threads.
struct ProxyChanges::Load {
  std::vector<ProxyPtr> files;
  TimePoint began = Clock::now();
  Entries before{};
  std::set<ListenerPtr> spare{};  // open, but not needed
  Entries after{};
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

/// Tells services which addresses proxies are about to give up. Call it after each change of these.
void ProxyChanges::tell_moving() {
  HeldSockets moving;
  const auto add = [&](const std::string& name, const ListenerPtr& listener) {
    moving.push_back(listener->held_by("proxy " + name));
  };
  for (const auto& [name, entry] : entries_) {
    const auto file = std::ranges::find(files_, name, &ProxySpec::name);
    const bool moves = file == files_.end()
                           ? !entry.spec->file.empty()
                           : !(*file)->broken() && (*file)->listen != entry.spec->listen;
    if (!entry.awaits && (loading_ == 0 || !moves)) continue;
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
  const auto told = proxies_.apply(std::move(changes), [this, ticket](Listeners unused) {
    MutexLock lock(told_mutex_);
    told_.changes.emplace_back(ticket, std::move(unused));
    on_told_.ask();
  });
  if (told) return;
  log_error("proxies: {}", told.error().text);
  end_change(ticket, told.error());
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
  if (unused->empty()) return end_change(ticket, {});
  FileTask task;
  task.begin = [this, unused] {
    for (const ListenerPtr& listener : *unused) leaving_.erase(listener);
  };
  task.work = [unused] { unused->clear(); };
  task.finish = [this, unused, ticket](const std::optional<Error>&) {
    unused->clear();  // if a lack of threads has left no other: nobody may find them in use
    tell_moving();
    parts_.sockets.try_again();
    try_again();
    end_change(ticket, {});
  };
  parts_.queue.add(std::move(task));
}

void ProxyChanges::end_change(Ticket ticket, const std::optional<Error>& fault) {
  const auto change = applied_.extract(ticket);
  if (!change.empty() && change.mapped()) catch_all("proxies", [&] { change.mapped()(fault); });
  if (!changing()) parts_.sockets.go_on();
  if (!busy()) parts_.settled();
}

// --- files ---

std::vector<ProxyPtr> ProxyChanges::files_of(const LoadedConfig& config) const {
  std::vector<ProxyPtr> files;
  std::set<std::string_view> read;
  for (const ProxyPtr& file : config.proxies) read.insert(file->file);
  // A file that is not TOML may appear as the file of a broken service.
  std::set<std::string_view> unreadable;
  for (const SpecPtr& spec : config.specs)
    if (spec->broken()) unreadable.insert(spec->file);
  const auto missing = [&](const std::string& file) {
    const std::string_view folder = std::string_view(file).substr(0, file.rfind('/'));
    return std::ranges::find(config.missing, folder) != config.missing.end();
  };
  for (const auto& [name, entry] : entries_) {
    const std::string& file = entry.spec->file;
    if (file.empty() || read.contains(file)) continue;
    if (unreadable.contains(file) || missing(file)) files.push_back(entry.spec);
  }
  for (const ProxyPtr& file : config.proxies) {
    // A proxy with a wrong name is named after its file.
    const auto same = std::ranges::find_if(entries_, [&](const auto& one) {
      return file->broken() && one.second.spec->file == file->file;
    });
    files.push_back(same == entries_.end() ? file : same->second.spec);
  }
  return files;
}

ProxyReport ProxyChanges::plan(const LoadedConfig& config) const {
  ProxyReport report;
  std::set<std::string_view> stay;
  const std::vector<ProxyPtr> files = files_of(config);
  for (const ProxyPtr& file : files) {
    stay.insert(file->name);
    const auto there = entries_.find(file->name);
    if (file->broken()) continue;
    if (there == entries_.end())
      report.added.push_back(file->name);
    else
      (*there->second.spec == *file ? report.unchanged : report.changed).push_back(file->name);
  }
  for (const auto& [name, entry] : entries_) {
    if (stay.contains(name)) continue;
    (entry.spec->file.empty() ? report.unchanged : report.removed).push_back(name);
  }
  for (const ProxyPtr& file : config.proxies) {
    if (!file->broken()) continue;
    std::erase(report.unchanged, file->name);
    report.failed.push_back(file->name);
    report.messages.insert(report.messages.end(), file->errors.begin(), file->errors.end());
  }
  for (auto* names : {&report.added, &report.changed, &report.unchanged, &report.failed})
    std::ranges::sort(*names);
  return report;
}

void ProxyChanges::add_faults(ProxyReport& report) const {
  for (const auto& [name, entry] : entries_) {
    if (entry.error.empty()) continue;
    const auto asked = std::erase(report.added, name) + std::erase(report.changed, name) +
                       std::erase(report.unchanged, name);
    if (asked == 0) continue;
    report.failed.insert(std::ranges::lower_bound(report.failed, name), name);
    report.messages.push_back(fmt::format("{}: {}; tried again {}", name, entry.error,
                                          entry.awaits ? "then" : "every 5 s"));
  }
}

void ProxyChanges::load(const LoadedConfig& config) {
  files_ = files_of(config);
  load();
  tell_moving();
}

void ProxyChanges::load() {
  if (files_.empty() && entries_.empty()) return;
  const auto load = std::make_shared<Load>();
  load->files = files_;
  ++loading_;
  FileTask task;
  task.begin = [this, load] {
    load->began = Clock::now();
    load->before = entries_;
    for (const auto& [listener, name] : leaving_) load->spare.insert(listener);
    for (const ProxyPtr& spec : load->files) {
      Entry& entry = load->after.emplace(spec->name, Entry{spec}).first->second;
      entry.place = place_for(spec->name);
      if (!entry.place) entry.error = no_place();
    }
    for (const auto& [name, entry] : load->before)
      if (entry.spec->file.empty())
        load->after.emplace(name, Entry{entry.spec, entry.place, entry.listeners});
  };
  task.work = [&sockets = parts_.sockets, load] { open_loaded(*load, sockets); };
  task.finish = [this, load](const std::optional<Error>& fault) { take_loaded(*load, fault); };
  parts_.queue.add(std::move(task));
}

/// Opens missing listeners. A proxy whose new setting is not available keeps its old one.
void ProxyChanges::open_loaded(Load& load, SocketChanges& sockets) {
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

void ProxyChanges::take_loaded(Load& load, const std::optional<Error>& fault) {
  --loading_;
  if (fault) {
    log_error("proxies: {}", fault->text);
    load.before.clear();
    load.after.clear();
  }
  load.spare.clear();
  for (const auto& [name, entry] : load.before)
    if (!load.after.contains(name)) log_info("proxy {}: removed", name);
  for (const auto& [name, entry] : load.after) {
    const auto old = load.before.find(name);
    if (!entry.error.empty() && (old == load.before.end() || old->second.error != entry.error))
      log(entry.awaits ? LogLevel::info : LogLevel::error, "proxy {}: {}", name, entry.error);
  }
  put_in_force(std::move(load.before), std::move(load.after), {});
  fault ? retry_.set(retry_delay(load.began)) : retry_later(load.began);
  if (!changing()) parts_.sockets.go_on();
}

void ProxyChanges::retry_later(TimePoint began) {
  const bool again = std::ranges::any_of(entries_, [this](const auto& one) {
    const auto file = std::ranges::find(files_, one.first, &ProxySpec::name);
    return !one.second.error.empty() && (file == files_.end() || !(*file)->broken());
  });
  again ? retry_.set(retry_delay(began)) : retry_.stop();
}

// --- requests ---

void ProxyChanges::set(SetProxy request, Daemon::ProxyDone done) {
  const auto set = std::make_shared<Set>();
  set->request = std::move(request);
  set->done = std::move(done);
  if (const Member* name = set->request.config.find("name"); name != nullptr)
    set->name = name->value.string;
  FileTask task;
  task.bytes = memory_of(set->request.config);
  task.begin = [this, set] {
    set->before = entries_;
    for (const auto& [listener, name] : leaving_) set->spare.push_back(listener);
    if (name_fault(set->name)) return;
    set->new_place = !table_ || !table_->find(set->name);
    set->place = place_for(set->name);
    if (!set->place) set->no_place = no_place();
  };
  task.work = [this, set] { make_set(*set); };
  task.finish = [this, set](const std::optional<Error>& fault) { take_set(set, fault); };
  parts_.queue.add(std::move(task));
}

/// Runs on the queue's thread.
void ProxyChanges::make_set(Set& set) const {
  const auto fail = [&set](Refusal refusal, std::string text,
                           std::vector<std::string> details = {}) {
    set.failure = RequestFailure{refusal, std::move(text), std::move(details)};
    set.listeners.clear();
  };
  auto parsed = proxy_from_table(set.request.config);
  if (!parsed)
    return fail(Refusal::config_error, "the proxy is wrong: " + parsed.error().front(),
                parsed.error());
  set.spec = *std::move(parsed);
  const ProxySpec& spec = *set.spec;
  if (parts_.board.find(spec.service) == kNoSlot)
    return fail(Refusal::not_found, fmt::format("no service is named {}", spec.service));
  if (!set.place) return fail(Refusal::process_error, set.no_place);
  if (const auto old = set.before.find(spec.name); old != set.before.end()) {
    set.spec->file = old->second.spec->file;
    set.spec->drop_ins = old->second.spec->drop_ins;
    set.spec->vendors = old->second.spec->vendors;
    std::ranges::copy(old->second.listeners, std::back_inserter(set.spare));
  }
  if (const auto checked = check_backend(spec); !checked)
    return fail(Refusal::config_error, checked.error().text, {checked.error().text});
  auto opened = open_listeners(spec, *set.place, {set.spare});
  if (!opened) {
    const std::string text = with_holder(opened.error().text, set.before, spec.name);
    return fail(Refusal::config_error, text, {text});
  }
  set.listeners = *std::move(opened);
  if (!set.request.persist) return;
  const auto written = write_proxy_file(*set.spec, parts_.places);
  if (!written) fail(written.error().refusal, written.error().text);
}

void ProxyChanges::take_set(const std::shared_ptr<Set>& set, const std::optional<Error>& fault) {
  Entries old;
  const bool there = old.insert(set->before.extract(set->name)).inserted;
  set->before.clear();
  set->spare.clear();
  if (fault) set->failure = RequestFailure{Refusal::process_error, fault->text, {}};
  if (set->failure) {
    if (set->new_place && set->place) free_place(*set->place);
    return set->done(tl::unexpected(*std::move(set->failure)));
  }
  log_info("proxy {}: {} by a client{}", set->name, there ? "replaced" : "added",
           set->request.persist ? ", written to " + set->spec->file : ", at runtime only");
  // The setting in force is the one to try again later; a reload brings back the files' settings.
  std::erase_if(files_, [&](const ProxyPtr& file) { return file->name == set->name; });
  if (!set->spec->file.empty()) files_.push_back(set->spec);
  put_in_force(std::move(old), {{set->name, {set->spec, set->place, std::move(set->listeners)}}},
               answering(set->done, Daemon::ProxySet{set->name, there}));
}

void ProxyChanges::remove(const std::string& name, Daemon::ProxyDeleteDone done) {
  const auto failure = std::make_shared<std::optional<RequestFailure>>();
  const auto old = std::make_shared<Entries>();
  FileTask task;
  task.bytes = name.size();
  task.begin = [this, name, failure, old] {
    if (const auto found = entries_.find(name); found != entries_.end())
      old->insert(*found);
    else
      *failure = RequestFailure{Refusal::proxy_not_found, "no proxy is named " + name, {}};
  };
  task.work = [failure, old, name] {
    if (*failure || old->at(name).spec->file.empty()) return;
    if (const auto removed = remove_config_file(old->at(name).spec->file, name); !removed)
      *failure = removed.error();
  };
  task.finish = [this, name, failure, old,
                 done = std::move(done)](const std::optional<Error>& fault) {
    Entries before = std::exchange(*old, {});
    if (fault) *failure = RequestFailure{Refusal::process_error, fault->text, {}};
    if (*failure) return done(tl::unexpected(**failure));
    std::erase_if(files_, [&](const ProxyPtr& file) { return file->name == name; });
    log_info("proxy {}: removed by a client", name);
    put_in_force(std::move(before), {}, answering(done));
  };
  parts_.queue.add(std::move(task));
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
