// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// See rig.hpp.
#include "unit/control/rig.hpp"
#include "support/test.hpp"

#include "base/format.hpp"
#include "os/process.hpp"

namespace zinit::test {

Result<OutputPipes> StoredOutput::open_output(Slot slot) { return store_.open_output(slot); }

void FakeDaemon::power(PowerAction action, const std::string& message,
                       const std::string& /*asker*/) {
  if (on_power) on_power(action, message);
  ++powered;
}

void FakeDaemon::reload(const ReloadFiles& asked, ReloadDone done) {
  if (on_reload) return on_reload(asked.dry_run, std::move(done));
  done(ReloadReport{});
}

void FakeDaemon::reexecute(bool update, ReexecuteDone done) {
  if (on_reexecute) return on_reexecute(update, std::move(done));
  done({});
}

void FakeDaemon::set_service(SetService request, SetDone done) {
  set.push_back(std::move(request));
  Board::SetReport report;
  report.name = "set";
  report.created = true;
  report.warnings = {"a warning"};
  report.others = effects;
  done(report);
}

void FakeDaemon::delete_service(const DeleteService& request, ServiceDeleteDone done) {
  deleted.push_back(request);
  done(Deleted{effects});
}

void FakeDaemon::set_proxy(SetProxy request, ProxyDone done) {
  if (proxy_refusal) return done(tl::unexpected(*proxy_refusal));
  const std::string name = request.config.find("name")->value.string;
  const auto is_it = [&](const ProxyView& proxy) { return proxy.spec->name == name; };
  const bool replaced = std::ranges::any_of(proxies_there, is_it);
  set_proxies.push_back(std::move(request));
  done(ProxySet{name, replaced});
}

void FakeDaemon::delete_proxy(DeleteProxy request, ProxyDeleteDone done) {
  if (proxy_refusal) return done(tl::unexpected(*proxy_refusal));
  deleted_proxies.push_back(request.name + (request.persist ? " and its file" : ""));
  done({});
}

Daemon::Sockets FakeDaemon::sockets_of(const std::string& service) const {
  const auto found = sockets.find(service);
  return found == sockets.end() ? Sockets() : found->second;
}

// --- client ---

std::string TestClient::call(const std::string& method, const std::string& params) {
  const int id = ++last_id_;
  send(fmt::format("{{\"jsonrpc\":\"2.0\",\"method\":\"{}\",\"params\":{},\"id\":{}}}\n", method,
                   params, id));
  const auto answer = line();
  REQUIRE(answer);
  const Json document(*answer);
  REQUIRE(document["id"] == id);
  // Both are cut out of the text, so that the test sees them as they were sent.
  const std::string begin = document.has("result") ? "{\"jsonrpc\":\"2.0\",\"result\":"
                                                   : "{\"jsonrpc\":\"2.0\",\"error\":";
  REQUIRE(answer->starts_with(begin));
  return answer->substr(begin.size(), answer->rfind(",\"id\":") - begin.size());
}

int TestClient::error_of(const std::string& method, const std::string& params) {
  const Json error(call(method, params));
  return error.has("code") ? static_cast<int>(error["code"].number()) : 0;
}

// --- server ---

Rig::Rig(const std::vector<SpecPtr>& specs, std::span<const Method> methods)
    : loop_(std::move(EventLoop::create().value())) {
  REQUIRE(become_subreaper());  // this process reaps what a service leaves behind
  changes_ = std::make_unique<Changes>(*loop_);
  logs_ = std::make_unique<LogStore>(*loop_, LogSinks{});
  output_ = std::make_unique<StoredOutput>(*logs_);
  board_ = std::make_unique<Board>(Board::Ports{*output_, *changes_, checks_},
                                   SpawnDefaults{{"PATH=/usr/bin:/bin"}, std::nullopt});
  board_->load(specs);
  server_ =
      std::make_unique<Server>(Server::Parts{*loop_, *board_, *logs_, daemon, *changes_}, methods);
  auto socket = ControlSocket::open({path()});
  REQUIRE(socket);
  REQUIRE(server_->serve(std::move(*socket)));
  if (!specs.empty()) reaper_ = std::thread([this] { reap_all(); });
  thread_ = std::thread([this] { loop_->run(); });
}

Rig::~Rig() {
  board_->begin_shutdown();
  CHECK(becomes_true([this] { return board_->all_down(); }));
  ending_ = true;
  if (reaper_.joinable()) reaper_.join();
  loop_->stop();
  thread_.join();
  server_.reset();
  board_.reset();
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);  // other tests have orphans of others
}

void Rig::reap_all() {
  const auto reap = [this] {
    try {
      while (const auto ended = next_ended()) board_->child_ended(ended->pid, ended->end);
    } catch (const std::bad_alloc&) {  // the event comes again
    }
  };
  repeat(reap, [this] { return ending_.load(); });
}

void Rig::on_loop(const std::function<void()>& action) {
  std::promise<void> done;
  const auto posted = loop_->post([&] {
    action();
    done.set_value();
  });
  if (!posted) FAIL(posted.error().text);
  // Not earlier: the action may use assertions, too.
  REQUIRE(done.get_future().wait_for(kPatience) == std::future_status::ready);
}

ControlFigures Rig::figures() {
  ControlFigures figures;
  on_loop([&] { figures = server_->figures(); });
  return figures;
}

bool Rig::becomes(const std::string& name, State state) {
  return becomes_true([&] {
    const auto brief = board_->brief(name);
    return brief && brief->state == state;
  });
}

}  // namespace zinit::test
