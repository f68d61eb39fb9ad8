// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Sets, loads and removes proxies. See proxy_changes.hpp.
#include "activation/proxy_changes.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "activation/proxy_file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/proxy_reader.hpp"
#include "files/service_file.hpp"
#include "supervisor/refusals.hpp"

namespace zinit {

namespace {

// A fact is the setting in force as JSON, then a line for each open address. After a fault it also
// holds the wanted setting as JSON, and the fault.
constexpr std::string_view kProxyFacts = "proxy/";
constexpr std::string_view kFault = "!";

std::string fact_key(const std::string& name) { return std::string(kProxyFacts) + name; }

/// Appends the name of the other proxy that listens at the address, if there is one.
template <class Entries>
std::string with_holder(std::string text, const Entries& entries, const std::string& name) {
  for (const auto& [other, entry] : entries) {
    if (other == name) continue;
    for (const ListenerPtr& listener : entry.listeners) {
      std::string_view address = listener->address();
      if (address.starts_with("unix:")) address.remove_prefix(5);
      if (text.find(fmt::format(" {}:", address)) != std::string::npos)
        return fmt::format("{}; proxy {} listens there", text, other);
    }
  }
  return text;
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
  TimePoint began{};
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
  for (const ListenerPtr& listener : leaving_) listener->remove_file();
}

// --- places ---

ProxyTable* ProxyChanges::table() {
  if (table_) return &*table_;
  auto made = ProxyTable::create();
  if (made) return &table_.emplace(*std::move(made));
  log_error("no proxy is available: {}", made.error().text);
  return nullptr;
}

std::optional<ProxyTable::Place> ProxyChanges::place_for(const std::string& name) {
  ProxyTable* const places = table();
  return places != nullptr ? places->claim(name) : std::nullopt;
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

void ProxyChanges::free_place(ProxyTable::Place place) {
  const bool used =
      std::ranges::any_of(entries_, [place](const auto& one) { return one.second.place == place; });
  if (!used && table_) table_->free(place);
}

// --- reports to the data loop, and facts for the next process image ---

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

void ProxyChanges::keep_fact(const std::string& name, const Entry& entry) {
  std::string fact;
  if (!entry.spec->broken()) {
    fact = proxy_json(*entry.spec);
    for (const ListenerPtr& listener : entry.listeners) fact += "\n" + listener->address();
    // If the new setting is not available, the old one stays in force until it is.
    const auto file = std::ranges::find(files_, name, &ProxySpec::name);
    const bool wants = file != files_.end() && !(*file)->broken() && **file != *entry.spec;
    if (wants) fact += "\n" + proxy_json(**file);
    if (!entry.error.empty()) fact += "\n" + std::string(kFault) + entry.error;
  }
  parts_.facts.keep(fact_key(name), fact);
}

void ProxyChanges::put(const std::string& name, Entry entry) {
  keep_fact(name, entry);
  Entry& there = entries_[name];
  leaving_.insert(there.listeners.begin(), there.listeners.end());
  for (const ListenerPtr& listener : entry.listeners) leaving_.erase(listener);
  there = std::move(entry);
}

void ProxyChanges::drop(const std::string& name) {
  parts_.facts.keep(fact_key(name), {});
  const Listeners& listeners = entries_.at(name).listeners;
  leaving_.insert(listeners.begin(), listeners.end());
  entries_.erase(name);
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
  task.finish = [this, ticket](const std::optional<Error>&) { end_change(ticket, {}); };
  parts_.queue.add(std::move(task));
}

void ProxyChanges::end_change(Ticket ticket, const std::optional<Error>& fault) {
  const auto change = applied_.extract(ticket);
  if (!change.empty() && change.mapped()) catch_all("proxies", [&] { change.mapped()(fault); });
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
    report.messages.push_back(fmt::format("{}: {}; tried again every 5 s", name, entry.error));
  }
}

void ProxyChanges::load(const LoadedConfig& config) {
  files_ = files_of(config);
  load();
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
    load->spare = leaving_;
    for (const ProxyPtr& spec : load->files) {
      Entry entry{spec, place_for(spec->name), {}, {}};
      if (!entry.place) entry.error = no_place();
      load->after.emplace(spec->name, std::move(entry));
    }
    for (const auto& [name, entry] : load->before)
      if (entry.spec->file.empty())
        load->after.emplace(name, Entry{entry.spec, entry.place, entry.listeners, {}});
  };
  task.work = [load] { open_loaded(*load); };
  task.finish = [this, load](const std::optional<Error>& fault) { take_loaded(*load, fault); };
  parts_.queue.add(std::move(task));
}

/// Opens missing listeners. A proxy whose new setting is not available keeps its old one.
void ProxyChanges::open_loaded(Load& load) {
  std::set<ListenerPtr>& spare = load.spare;
  for (const auto& [name, entry] : load.before)
    spare.insert(entry.listeners.begin(), entry.listeners.end());
  const auto keep = [&](Entry& entry, const Entry& old) {
    entry.listeners.clear();
    for (const ListenerPtr& listener : old.listeners)
      if (spare.erase(listener) > 0) entry.listeners.push_back(listener);
  };
  const auto old_of = [&](const std::string& name) -> const Entry* {
    const auto found = load.before.find(name);
    return found == load.before.end() ? nullptr : &found->second;
  };
  std::vector<Entry*> changed;
  for (auto& [name, entry] : load.after) {
    const Entry* const old = old_of(name);
    const bool same = old != nullptr && *old->spec == *entry.spec && old->error.empty() &&
                      std::ranges::all_of(old->listeners, &ProxyListener::reachable);
    if (same)
      keep(entry, *old);
    else if (entry.error.empty())
      changed.push_back(&entry);
  }
  for (Entry* const entry : changed) {
    const Entry* const old = old_of(entry->spec->name);
    Result<Listeners> opened = failure("its file is wrong");
    if (!entry->spec->broken())
      opened = open_listeners(*entry->spec, *entry->place, {spare.begin(), spare.end()});
    if (opened) {
      for (const ListenerPtr& listener : *opened) spare.erase(listener);
      entry->listeners = *std::move(opened);
      continue;
    }
    entry->error = with_holder(opened.error().text, load.after, entry->spec->name);
    if (old == nullptr || old->spec->broken()) continue;
    keep(*entry, *old);
    entry->spec = old->spec;
  }
}

void ProxyChanges::take_loaded(Load& load, const std::optional<Error>& fault) {
  --loading_;
  if (fault) log_error("proxies: {}", fault->text);
  std::vector<Proxies::Change> changes;
  for (const auto& [name, entry] : load.before) {
    if (fault || load.after.contains(name)) continue;
    log_info("proxy {}: removed", name);
    if (entry.place) changes.push_back(removal_of(entry));
    drop(name);
  }
  for (auto& [name, entry] : load.after) {
    if (fault) continue;
    const auto old = load.before.find(name);
    if (!entry.error.empty() && (old == load.before.end() || old->second.error != entry.error))
      log_error("proxy {}: {}", name, entry.error);
    const bool is_new = old == load.before.end();
    const bool differs = is_new || old->second.spec != entry.spec ||
                         old->second.listeners != entry.listeners ||
                         old->second.error != entry.error;
    if (!differs) {
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
  // Only the data loop may hold the last references, which close a listener.
  load.before.clear();
  load.spare.clear();
  load.after.clear();
  fault ? retry_.set(retry_delay(load.began)) : retry_later(load.began);
  apply(std::move(changes), {});
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
    set->spare = {leaving_.begin(), leaving_.end()};
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
  if (!parsed) {
    return fail(Refusal::config_error, "the proxy is wrong: " + parsed.error().front(),
                parsed.error());
  }
  set.spec = *std::move(parsed);
  const ProxySpec& spec = *set.spec;
  if (parts_.board.find(spec.service) == kNoSlot)
    return fail(Refusal::not_found, fmt::format("no service is named {}", spec.service));
  if (!set.place) return fail(Refusal::process_error, set.no_place);
  const auto old = set.before.find(spec.name);
  const bool there = old != set.before.end();
  if (there) {
    set.spec->file = old->second.spec->file;
    set.spec->drop_ins = old->second.spec->drop_ins;
    set.spec->vendors = old->second.spec->vendors;
  }
  if (const auto checked = check_backend(spec); !checked)
    return fail(Refusal::config_error, checked.error().text, {checked.error().text});
  if (there) std::ranges::copy(old->second.listeners, std::back_inserter(set.spare));
  auto opened = open_listeners(spec, *set.place, set.spare);
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
  const bool there = set->before.contains(set->name);
  set->before.clear();
  set->spare.clear();
  if (fault) set->failure = RequestFailure{Refusal::process_error, fault->text, {}};
  if (set->failure) {
    if (set->new_place && set->place) free_place(*set->place);
    return set->done(tl::unexpected(*std::move(set->failure)));
  }
  Entry entry{set->spec, place_now(set->name, *set->place), std::move(set->listeners), {}};
  log_info("proxy {}: {} by a client{}", set->name, there ? "replaced" : "added",
           set->request.persist ? ", written to " + set->spec->file : ", at runtime only");
  std::vector<Proxies::Change> changes;
  changes.push_back(change_of(entry));
  // The setting in force is the one to try again later; a reload brings back the files' settings.
  std::erase_if(files_, [&](const ProxyPtr& file) { return file->name == set->name; });
  if (!set->spec->file.empty()) files_.push_back(set->spec);
  put(set->name, std::move(entry));
  apply(std::move(changes), [set, there](const std::optional<Error>& lost) {
    if (lost)
      return set->done(tl::unexpected(RequestFailure{Refusal::process_error, lost->text, {}}));
    set->done(Daemon::ProxySet{set->name, there});
  });
}

void ProxyChanges::remove(const std::string& name, Daemon::ProxyDeleteDone done) {
  const auto failure = std::make_shared<std::optional<RequestFailure>>();
  const auto file = std::make_shared<std::string>();
  FileTask task;
  task.bytes = name.size();
  task.begin = [this, name, failure, file] {
    const auto found = entries_.find(name);
    if (found == entries_.end())
      *failure = RequestFailure{Refusal::proxy_not_found, "no proxy is named " + name, {}};
    else
      *file = found->second.spec->file;
  };
  task.work = [failure, file, name] {
    if (*failure || file->empty()) return;
    if (const auto removed = remove_config_file(*file, name); !removed) *failure = removed.error();
  };
  task.finish = [this, name, failure, done = std::move(done)](const std::optional<Error>& fault) {
    if (fault) *failure = RequestFailure{Refusal::process_error, fault->text, {}};
    if (*failure) return done(tl::unexpected(**failure));
    take_away(name, done);
  };
  parts_.queue.add(std::move(task));
}

void ProxyChanges::take_away(const std::string& name, const Daemon::ProxyDeleteDone& done) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return done({});  // a reload has removed it already
  std::vector<Proxies::Change> changes;
  if (found->second.place) changes.push_back(removal_of(found->second));
  drop(name);
  std::erase_if(files_, [&](const ProxyPtr& file) { return file->name == name; });
  log_info("proxy {}: removed by a client", name);
  apply(std::move(changes), [done](const std::optional<Error>& lost) {
    if (lost) return done(tl::unexpected(RequestFailure{Refusal::process_error, lost->text, {}}));
    done({});
  });
}

// --- across a re-execution ---

void ProxyChanges::restore(Inheritance& inherited, const FactMap& facts) {
  if (KeptFd kept = inherited.take(KeptKind::proxy_table)) {
    auto table = ProxyTable::take_over(std::move(kept));
    if (table)
      table_.emplace(*std::move(table));
    else
      log_error("{}", table.error().text);
  }
  std::map<std::string, ListenerPtr> listeners;
  for (Inheritance::One& one : inherited.take_all(KeptKind::proxy_listener))
    if (ListenerPtr listener = take_over_listener(std::move(one.fd)))
      listeners[listener->address()] = std::move(listener);
  auto left = left_connections(inherited);
  std::vector<Proxies::Change> changes;
  each_below(facts, kProxyFacts, [&](std::string_view name, const std::string& fact) {
    const auto lines = split(fact, '\n');
    auto spec = proxy_from_json(lines.front());
    const auto place = spec ? place_for(spec->name) : std::nullopt;
    if (!place) return log_error("proxy {} of the previous process image cannot continue", name);
    Entry entry{std::make_shared<ProxySpec>(*std::move(spec)), place, {}, {}};
    ProxyPtr wanted = entry.spec;
    std::size_t addresses = 0;
    for (const std::string_view line : std::span(lines).subspan(1)) {
      if (line.starts_with(kFault)) {
        entry.error = line.substr(kFault.size());
      } else if (line.starts_with('{')) {
        if (auto other = proxy_from_json(line))
          wanted = std::make_shared<ProxySpec>(*std::move(other));
      } else if (++addresses; const auto found = listeners.extract(std::string(line))) {
        entry.listeners.push_back(found.mapped());
      }
    }
    const bool lacks = addresses == 0 || entry.listeners.size() < addresses;
    if (lacks && entry.error.empty()) entry.error = "it does not listen at all of its addresses";
    if (!wanted->file.empty()) files_.push_back(wanted);
    changes.push_back(change_of(entry));
    changes.back().left = std::move(left[*place]);
    put(std::string(name), std::move(entry));
  });
  // Connections of a removed proxy go on until they end.
  for (auto& [place, connections] : left) {
    if (connections.empty() || !table_) continue;
    const auto unknown = std::make_shared<ProxySpec>();
    unknown->name = table_->name(place);
    const Entry gone{unknown, place, {}, {}};
    changes.push_back(change_of(gone));
    changes.back().left = std::move(connections);
    changes.push_back(removal_of(gone));
  }
  // The previous process image may have ended during a change.
  const auto unclaimed = std::make_shared<Listeners>();
  for (auto& [address, listener] : listeners) unclaimed->push_back(std::move(listener));
  let_go(unclaimed, ++last_);
  if (table_) {
    table_->keep_only([&](ProxyTable::Place place) {
      return left.contains(place) || std::ranges::any_of(entries_, [place](const auto& one) {
               return one.second.place == place;
             });
    });
  }
  retry_later(Clock::now());
  if (!changes.empty()) apply(std::move(changes), {});
}

// --- queries ---

std::vector<ProxyView> ProxyChanges::views() const {
  std::vector<ProxyView> views;
  for (const auto& [name, entry] : entries_) {
    ProxyView& view = views.emplace_back();
    view.spec = entry.spec;
    view.running = entry.error.empty();
    view.listening = !entry.listeners.empty();
    view.error = entry.error;
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
