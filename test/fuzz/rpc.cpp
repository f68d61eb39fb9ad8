// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Fuzzes the control protocol: the input is what a client sends to a server with a real board,
// whose services cannot start. Each call gets one answer with its id, except calls that wait for a
// service; a notification gets none. Everything that is sent is JSON. Each call is also made for a
// client that may only read.
#include "fuzz/board.hpp"

#include <ev.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <memory>

#include "base/unix_address.hpp"
#include "config/keys.hpp"
#include "config/toml_reader.hpp"
#include "config/value_text.hpp"
#include "control/server.hpp"
#include "support/temp_dir.hpp"

namespace zinit::fuzz {
namespace {

constexpr std::string_view kSecret = "hunter2";

/// The last request of each input; the input itself must not contain it.
constexpr std::string_view kLastId = "\"the last of all\"";

/// Reads its requests, and carries out none.
class NoDaemon final : public Daemon {
 public:
  [[nodiscard]] DaemonInfo info() const override {
    DaemonInfo info;
    info.mode = "standalone";
    info.uptime_ms = 5;
    return info;
  }
  [[nodiscard]] bool supports(PowerAction action) const override {
    return action != PowerAction::halt;
  }
  void power(PowerAction, const std::string&, const std::string&) override {}
  void reload(const ReloadFiles&, ReloadDone done) override { done(ReloadReport{}); }
  void reexecute(bool, ReexecuteDone done) override { done({}); }
  void switch_root(NewRoot, SwitchDone done) override { done({}); }
  void keep_scheduled(const std::optional<ScheduledPower>&) override {}
  void tell_terminals(std::string) override {}
  void set_service(SetService request, SetDone done) override {
    const auto written = read_toml(to_toml(request.config));
    require(written && to_json(*written) == to_json(request.config));
    const SpecPtr spec = finish(spec_from_document(request.config));
    require(!name_fault(spec->name));
    Board::SetReport report;
    report.name = spec->name;
    done(report);
  }
  void delete_service(const DeleteService&, ServiceDeleteDone done) override { done(Deleted{}); }
  void set_proxy(SetProxy request, ProxyDone done) override {
    const auto written = read_toml(to_toml(request.config));
    require(written && to_json(*written) == to_json(request.config));
    const std::string& name = request.config.find("name")->value.string;
    done(ProxySet{name, name == proxy_->name});
  }
  void delete_proxy(DeleteProxy request, ProxyDeleteDone done) override {
    if (request.name != proxy_->name)
      return done(tl::unexpected(RequestFailure{Refusal::proxy_not_found, "no such proxy", {}}));
    done({});
  }
  [[nodiscard]] std::vector<ProxyView> proxies() const override {
    ProxyView view;
    view.spec = proxy_;
    view.running = true;
    return {view};
  }
  [[nodiscard]] std::vector<TimerView> timers(std::string_view) const override {
    return {{"web", "daily", 1, 2}, {"db", "every_ms = 5", 0, {}}};
  }
  [[nodiscard]] std::string trigger_fault(const std::string&) const override { return "no zone"; }
  [[nodiscard]] Sockets sockets_of(const std::string& service) const override {
    return service == "db" ? Sockets{{"unix:/run/db"}, "no more"} : Sockets();
  }

 private:
  static ProxyPtr one_proxy() {
    ProxySpec spec;
    spec.name = "front";
    spec.listen = {"tcp:localhost:5432", "unix:/run/front"};
    spec.backend = "unix:/run/db";
    spec.service = "db";
    return std::make_shared<const ProxySpec>(std::move(spec));
  }

  const ProxyPtr proxy_ = one_proxy();
};

/// A target that can start, and services that cannot: one requires a missing service, one requires
/// that service, and the last has a wrong file.
const std::vector<SpecPtr>& services() {
  static const std::vector<SpecPtr> all = {
      spec_of("[target]\nname = \"all\"\n[dependencies]\nwants = [\"web\"]\n"),
      spec_of("[service]\nname = \"web\"\nexec = [\"/nonexistent\"]\nenv = { KEY = \"hunter2\" }\n"
              "[dependencies]\nrequires = [\"missing\"]\n"),
      spec_of("[service]\nname = \"db\"\nexec = [\"/nonexistent\"]\noneshot = true\n"
              "[dependencies]\nrequires = [\"web\"]\n"),
      spec_of("[service]\nname = \"wrong\"\nexec = 5\n")};
  return all;
}

/// All parts of a server, on a loop that runs only on demand.
class World {
 public:
  World() {
    board_.load(services());
    first_seq_ = board_.last_seq();
    auto socket = ControlSocket::open({path()});
    require(socket.has_value());
    require(server_.serve(std::move(*socket)).has_value());
  }

  [[nodiscard]] Server& server() { return server_; }
  /// Whether it is as new, for the next input: making one takes milliseconds.
  [[nodiscard]] bool as_before() {
    server_.context().power.cancel();
    return board_.last_seq() == first_seq_ && board_.names().size() == services().size();
  }
  void turn() { ev_run(loop_->ev(), EVRUN_NOWAIT); }
  [[nodiscard]] UniqueFd connect() const {
    UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un address = unix_address(path());
    require(::connect(client.get(), generic(address), sizeof address) == 0);
    return client;
  }

 private:
  static std::string path() {
    static const test::TempDir dir;
    return dir / "sock";
  }

  std::unique_ptr<EventLoop> loop_ = std::move(EventLoop::create().value());
  Changes changes_{*loop_};
  LogStore logs_{*loop_, LogSinks{}};
  NoOutput output_{false};
  NoChecks checks_{false};
  NoDaemon daemon_;
  Board board_{Board::Ports{output_, changes_, checks_}, SpawnDefaults{}};
  Server server_{Server::Parts{*loop_, board_, logs_, daemon_, changes_}};
  std::uint64_t first_seq_ = 0;
};

/// Sends `requests` and returns all answers, up to the answer to the last request.
std::vector<std::string> ask(World& world, const std::string& requests) {
  const UniqueFd client = world.connect();
  require(::send(client.get(), requests.data(), requests.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(requests.size()));
  std::string received;
  constexpr int most = 100'000;  // turns; there are as many as calls
  for (int i = 0; i < most; ++i) {
    world.turn();
    char bytes[65536];
    const ssize_t got = ::recv(client.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    require(got > 0 || (got < 0 && errno == EAGAIN));
    received.append(bytes, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (received.ends_with('\n') && received.find(kLastId) != std::string::npos) break;
  }
  require(received.find(kLastId) != std::string::npos);
  std::vector<std::string> lines;
  for (const std::string_view line : split(received, '\n')) lines.emplace_back(line);
  require(lines.back().empty());
  lines.pop_back();
  return lines;
}

bool is_notification(const JsonValue& message) {
  if (!message.IsObject() || !message.HasMember("method")) return false;
  const std::string_view method = text_of(message["method"]);
  require(method == "events.state" || method == "logs.line");
  require(!message.HasMember("id") && message["params"].IsObject());
  return true;
}

void check_response(const JsonValue& answer) {
  require(answer.IsObject() && answer.MemberCount() == 3 && answer.HasMember("id"));
  require(text_of(answer["jsonrpc"]) == "2.0");
  require(answer.HasMember("result") != answer.HasMember("error"));
  if (!answer.HasMember("error")) return;
  const JsonValue& error = answer["error"];
  require(error["code"].IsInt() && error["code"].GetInt() < 0);
  require(error["message"].IsString() && error["message"].GetStringLength() > 0);
}

/// The ids of calls that need an answer, or of answers: parse_rpc() keeps ids as they were written,
/// even of an answer, which it treats as a wrong request.
std::multiset<std::string> ids_of(std::string_view line) {
  std::multiset<std::string> ids;
  for (const RpcCall& call : parse_rpc(line).calls)
    if (!call.id.empty()) ids.insert(call.id);
  return ids;
}

void take_from(std::multiset<std::string>& owed, const std::multiset<std::string>& answered) {
  for (const std::string& id : answered) {
    const auto due = owed.find(id);
    require(due != owed.end());
    owed.erase(due);
  }
}

/// Whether the call is answered before the next call begins; other calls may wait for a service, or
/// for work with files.
bool is_prompt(const RpcCall& call) {
  return call.fault ||
         std::ranges::none_of(std::array{"service.", "logs.", "xinet.", "metrics.", "debug."},
                              [&](const char* room) { return call.method.starts_with(room); });
}

void check_answers(std::string_view requests, const std::vector<std::string>& answers) {
  std::multiset<std::string> owed, prompt, late;
  std::size_t batches = 0;
  for (const std::string_view line : split(requests, '\n')) {
    if (trim(line).empty()) continue;
    const RpcMessage message = parse_rpc(line);
    require(!message.calls.empty());
    batches += message.batch ? 1 : 0;
    owed.merge(ids_of(line));
    for (const RpcCall& call : message.calls)
      (is_prompt(call) && !message.batch ? prompt : late).insert(call.id);
  }
  for (const std::string& line : answers) {
    const JsonDocument document = parsed(line);
    if (is_notification(document)) continue;
    if (document.IsArray()) {
      require(!document.Empty() && batches-- > 0);
      for (const JsonValue& answer : document.GetArray()) check_response(answer);
    } else {
      check_response(document);
    }
    take_from(owed, ids_of(line));
  }
  for (const std::string& id : prompt) require(owed.count(id) <= late.count(id));
}

// --- clients that may only read ---

class NoSubscriber final : public Subscriber {
 public:
  std::optional<std::uint64_t> subscribe(std::vector<std::string>) override { return 1; }
  bool unsubscribe(std::uint64_t number) override { return number == 1; }
  std::optional<std::uint64_t> subscribe_logs(std::vector<std::string>, const LogStart&) override {
    return std::nullopt;
  }
  bool unsubscribe_logs(std::uint64_t) override { return false; }
};

bool needs_full(std::string_view name) {
  for (const Method& method : all_methods()) {
    if (method.right != Right::full) continue;
    if (method.name == name || std::ranges::find(method.aliases, name) != method.aliases.end())
      return true;
  }
  return false;
}

void check_reader(World& world, const RpcCall& call) {
  if (call.fault) return;
  NoSubscriber subscriber;
  Outcome outcome =
      dispatch(all_methods(), call, Right::read, world.server().context(), subscriber);
  if (const auto* error = std::get_if<RpcError>(&outcome)) return (void)parsed(error->json());
  require(!needs_full(call.method) && !std::holds_alternative<Then>(outcome));
  if (const auto* result = std::get_if<std::string>(&outcome)) {
    (void)parsed(*result);
    require(result->find(kSecret) == std::string::npos);
  } else if (const auto later = std::get<Later>(outcome).look()) {
    (void)parsed(*later ? **later : later->error().json());
  }
}

}  // namespace

std::set<std::string> words() {
  std::set<std::string> all = words_in(
      R"({"jsonrpc":"2.0","method": ,"id":1} "params":{ "params":[ "id": "all" "web" "db" "wrong" )"
      R"("missing" "front" ["tcp:localhost:5432"] "SIGTERM" 9007199254740992 9007199254740993 -1 )"
      R"(1e400 2.0 null true \udc00 [[[[[[[[ {"service":{"name":"x","exec": "stdout" "running" )"
      R"("stopped")"
      " \n");
  for (const Method& method : all_methods()) {
    all.insert(fmt::format("\"{}\"", method.name));
    for (const std::string_view alias : method.aliases) all.insert(fmt::format("\"{}\"", alias));
    for (const Param& param : method.params) all.insert(fmt::format("\"{}\":", param.name));
  }
  for (const Key& key : all_keys()) all.insert(fmt::format("\"{}\":", key.name));
  return all;
}

void look_at(std::string_view input) {
  if (input.find(kLastId.substr(1, kLastId.size() - 2)) != std::string_view::npos) return;
  const std::string requests =
      std::string(input) +
      fmt::format("\n{{\"jsonrpc\":\"2.0\",\"method\":\"system.ping\",\"id\":{}}}\n", kLastId);
  static std::optional<World> world;
  if (!world || !world->as_before()) world.emplace();
  for (const std::string_view line : split(input, '\n')) {
    const RpcMessage message = parse_rpc(line);
    for (const RpcCall& call : message.calls) check_reader(*world, call);
  }
  check_answers(requests, ask(*world, requests));
}

}  // namespace zinit::fuzz
