// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Opens sockets as the graph changes, and makes instances for connections. See socket_changes.hpp.
#include "activation/socket_changes.hpp"

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "base/kill_point.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/spec_reader.hpp"
#include "config/templates.hpp"
#include "config/value_text.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

bool any_sockets(const Graph& graph) {
  return std::ranges::any_of(graph.order(),
                             [&](Slot slot) { return graph.spec(slot).socket->configured(); });
}

/// The spec of an instance of `service`: the same without [socket] and without restarts. Null if
/// its name would be too long for a service.
SpecPtr instance_of(const ServiceSpec& service, const std::string& name,
                    const ServiceDefaults& defaults) {
  const auto json = json_from(service.document);
  auto document = json ? value_from_json(*json) : tl::unexpected(std::string());
  if (!document) return nullptr;
  document->table.erase("socket");
  // The file of an instance of a template has its values already.
  if (!service.is_instance() && !fill_in_name(*document, name)) return nullptr;
  document->table["service"].value.table["name"] = {{}, text_value(name)};
  document->table["lifecycle"].value.table["restart"] = {{}, text_value("never")};
  const ParsedSpec parsed = spec_from_document(*document, service.system_class_default, defaults);
  if (parsed.spec->name != name) return nullptr;
  parsed.spec->runtime = true;
  parsed.spec->connection_of = service.name;
  return finish(parsed);
}

}  // namespace

SocketChanges::SocketChanges(Parts parts)
    : parts_(std::move(parts)),
      board_(parts_.board),
      services_(board_),
      begin_(parts_.loop, [this] { begin_arrived(); }),
      reopen_(parts_.loop, [this] { follower_.ask(); }),
      released_(services_, parts_.facts),
      sockets_(parts_.data_loop, services_, released_,
               {[this](const std::string& service, KeptFd connection) {
                  arrive(service, std::move(connection));
                },
                [this] { reopen_.ask(); }, [this] { return board_.graph(); }}),
      follower_(parts_, [this](bool) { follow(); }),
      removal_(parts_.loop, parts_.answers_due, [this] { remove_ended(); }) {}

// --- sockets ---

void SocketChanges::take_over(Inheritance& inherited, const FactMap& facts, const Graph& graph) {
  released_.take_over(facts);
  sockets_.take_inherited(inherited, graph);
  std::map<std::string, std::size_t> counts;
  for (auto& [service, connection] : accepted_.take_inherited(inherited, graph)) {
    ++counts[service];
    arrive(service, std::move(connection));
  }
  for (const Slot slot : graph.order()) {
    const ServiceSpec& spec = graph.spec(slot);
    if (spec.connection_of->empty()) continue;
    instances_[spec.name] = *spec.connection_of;
    ++counts[*spec.connection_of];
    const auto number = parse_integer(std::string_view(spec.name).substr(spec.name.rfind('@') + 1));
    std::uint64_t& last = last_[*spec.connection_of];
    last = std::max(last, static_cast<std::uint64_t>(number.value_or(0)));
  }
  for (const auto& [service, count] : counts) sockets_.set_connections(service, count);
}

void SocketChanges::look() {
  if (!instances_.empty()) end_instances();
  look_at_closed();
  follower_.look();
  sockets_.look();
}

void SocketChanges::look_at_closed() {
  if (!released_.forget_gone()) return;
  parts_.released();
  try_again();
}

void SocketChanges::follow() {
  if (!any_sockets(*follower_.graph()) && !sockets_.any()) return;
  waits_ = parts_.proxies_change();
  if (!waits_) open();
}

void SocketChanges::open() {
  const auto faults = std::make_shared<std::map<std::string, Error>>();
  FileTask task;
  task.begin = [this] { follower_.see(); };  // earlier tasks may have changed the graph
  task.work = [this, faults] { *faults = sockets_.open_all(); };
  task.finish = [this, faults](const std::optional<Error>& fault) {
    if (fault) log_error("sockets: {}", fault->text);
    opened(*faults, fault.has_value());
  };
  follower_.work(std::move(task));
}

/// @param failed  zinit could not even look at the sockets
void SocketChanges::opened(const std::map<std::string, Error>& faults, bool failed) {
  for (const auto& [service, fault] : faults) {
    const auto told = faults_.find(service);
    if (told == faults_.end() || told->second.text != fault.text)
      log(may_come_free(fault) ? LogLevel::info : LogLevel::error, "{}: {}", service, fault.text);
  }
  faults_ = faults;
  follower_.retry(!faults_.empty() || failed);
  look_at_closed();
}

Daemon::Sockets SocketChanges::view(const std::string& service) const {
  const auto fault = faults_.find(service);
  return {sockets_.addresses(service), fault == faults_.end() ? std::string() : fault->second.text};
}

// --- instances ---

/// Any thread.
void SocketChanges::arrive(const std::string& service, KeptFd connection) {
  {
    MutexLock lock(mutex_);
    arrived_[service].push_back(std::move(connection));
  }
  begin_.ask();
}

/// In a flood, many connections share one plan of the graph: more arrive while it is made.
void SocketChanges::begin_arrived() {
  std::map<std::string, std::vector<KeptFd>> arrived;
  {
    MutexLock lock(mutex_);
    arrived.swap(arrived_);
  }
  for (auto& [service, connections] : arrived) begin_instances(service, std::move(connections));
}

void SocketChanges::begin_instances(const std::string& service, std::vector<KeptFd> connections) {
  const auto over = [&] {
    for (KeptFd& connection : connections) {
      close_socket(connection.release());
      sockets_.connection_over(service);
    }
  };
  if (!services_.wanted(service)) {
    const auto brief = board_.brief(service);
    // They came just before the sockets of a service with status "ignore" were closed by a stop.
    if (brief && brief->ignored) return over();
    // Starts its requirements, and makes its state show that it is in use.
    services_.start(service, "a connection");
  }
  std::vector<std::string> names;
  for (KeptFd& connection : connections) {
    names.push_back(next_name(service));
    accepted_.put(names.back(), std::move(connection));
  }
  const bool same_graph = !follower_.behind();
  kill_point("instance.accepted");
  const auto added = add_instances(service, names);
  if (!added) {
    if (may_tell(told_at_))
      log_error("{}: closed {}: {}", service, counted(names.size(), "connection"),
                added.error().text);
    for (const std::string& name : names) accepted_.drop(name);
    return over();
  }
  for (const std::string& name : names) instances_[name] = service;
  kill_point("instance.added");
  for (const std::string& name : names) accepted_.keep(name, board_.find(name));
  if (same_graph) follower_.see();  // an instance has no sockets
}

/// Skips the number of an instance of a template, or of another service.
std::string SocketChanges::next_name(const std::string& service) {
  std::string name;
  do name = fmt::format("{}@{}", service, ++last_[service]);
  while (board_.find(name) != kNoSlot);
  return name;
}

RequestResult<void> SocketChanges::add_instances(const std::string& service,
                                                 const std::vector<std::string>& names) {
  const GraphPtr graph = board_.graph();
  const Slot slot = graph->find_loaded(service);
  if (slot == kNoSlot) return refused(Refusal::invalid_state, "the service no longer exists");
  std::vector<SpecPtr> specs;
  for (const std::string& name : names) {
    specs.push_back(instance_of(graph->spec(slot), name, parts_.settings.defaults));
    if (specs.back()) continue;
    return refused(Refusal::invalid_state,
                   fmt::format("{} is not a valid name for a service", name));
  }
  return board_.add_started(specs);
}

void SocketChanges::end_instances() {
  for (auto one = instances_.begin(); one != instances_.end();) {
    const auto brief = board_.brief(one->first);
    // An instance that waits because of a lack of descriptors for its spawn has not ended.
    const bool ended = !brief || brief->stopped();
    // By now its process holds the connection.
    if (ended || brief->main_pid != 0) accepted_.drop(one->first);
    if (!ended) {
      ++one;
      continue;
    }
    if (brief) removal_.ask();
    if (brief) ended_[one->first] = {};
    sockets_.connection_over(one->second);
    one = instances_.erase(one);
  }
}

void SocketChanges::remove_ended() {
  const bool same_graph = !follower_.behind();
  (void)board_.remove(std::exchange(ended_, {}));  // fails only during a shutdown
  if (same_graph) follower_.see();
}

}  // namespace zinit
