// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// See rig.hpp.
#include "unit/control/rig.hpp"
#include "support/test.hpp"

#include "base/format.hpp"
#include "os/process.hpp"

namespace zinit::test {

namespace {

/// Waits for one of `events`; false if `limit` has passed.
bool ready(int fd, short events, Milliseconds limit = kPatience) {
  pollfd waited{fd, events, 0};
  return ::poll(&waited, 1, static_cast<int>(limit.count())) > 0;
}

}  // namespace

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

TestClient::TestClient(const std::string& path)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

void TestClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    // Not an assertion of Catch: other threads than the test's send, too.
    if (!ready(fd_.get(), POLLOUT)) throw std::runtime_error("the server takes nothing");
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EAGAIN) continue;
    if (sent < 0) throw std::runtime_error("cannot send: " + errno_text(errno));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::size_t TestClient::send_some(std::string_view bytes) {
  if (!ready(fd_.get(), POLLOUT, 100ms)) return 0;
  const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

std::optional<std::string> TestClient::line() {
  std::size_t searched = 0;
  while (true) {
    const auto end = received_.find('\n', searched);
    if (end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    REQUIRE(ready(fd_.get(), POLLIN));
    char bytes[65536];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (got <= 0) return std::nullopt;
    searched = received_.size();
    received_.append(bytes, static_cast<std::size_t>(got));
  }
}

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

void TestClient::end_input() { REQUIRE(::shutdown(fd_.get(), SHUT_WR) == 0); }

bool TestClient::closed() {
  const TimePoint until = Clock::now() + kPatience;
  char bytes[65536];
  while (Clock::now() < until && ready(fd_.get(), POLLIN)) {
    if (::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT) <= 0) return true;
  }
  return false;
}

// --- JSON ---

Json::Json(const std::string& text) : document_(std::make_shared<JsonDocument>()) {
  document_->Parse<kJsonParse>(text.data(), text.size());
  value_ = document_.get();
  INFO(text.substr(0, 2000));
  REQUIRE_FALSE(document_->HasParseError());
}

Json Json::operator[](const char* member) const {
  INFO(member);
  REQUIRE(has(member));
  return {document_, (*value_)[member]};
}

Json Json::operator[](int index) const {
  REQUIRE(index < static_cast<int>(size()));
  return {document_, (*value_)[static_cast<rapidjson::SizeType>(index)]};
}

bool Json::has(const std::string& member) const { return is_object() && value_->HasMember(member); }

std::size_t Json::size() const {
  REQUIRE(is_array());
  return value_->Size();
}

std::vector<Json> Json::elements() const {
  std::vector<Json> all;
  for (int i = 0; i < static_cast<int>(size()); ++i) all.push_back((*this)[i]);
  return all;
}

Texts Json::member_names() const {
  REQUIRE(is_object());
  Texts names;
  for (const auto& member : value_->GetObject()) names.emplace_back(member.name.GetString());
  return names;
}

std::int64_t Json::number() const {
  REQUIRE(value_->IsInt64());
  return value_->GetInt64();
}

std::string Json::string() const {
  REQUIRE(is_string());
  return {value_->GetString(), value_->GetStringLength()};
}

std::string Json::text() const { return json_of(*value_); }

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
