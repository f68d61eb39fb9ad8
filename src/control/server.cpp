// The control server: see server.hpp.
#include "control/server.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "control/views.hpp"
#include "os/memory.hpp"

namespace zinit {

namespace {

/// Supplementary groups of the peer when it connected (unix(7)); none where the kernel does not
/// tell (before Linux 4.13).
std::vector<gid_t> groups_of_peer(int fd) {
  std::vector<gid_t> groups(64);
  for (int tries = 0; tries < 2; ++tries) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const bool told = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0;
    if (!told && errno != ERANGE) break;
    groups.resize(size / sizeof(gid_t));
    if (told) return groups;
  }
  return {};
}

// Accepting is quick, and a burst of clients should not wait for rounds of the loop.
constexpr int kAcceptsAtOnce = 64;

}  // namespace

Right right_of(const ucred& peer, std::span<const gid_t> groups,
               const SharedAccess& shared) noexcept {
  if (peer.uid == 0 || peer.uid == ::geteuid()) return Right::full;
  if (!shared.group) return Right::none;
  const bool member =
      peer.gid == *shared.group || std::ranges::find(groups, *shared.group) != groups.end();
  return member ? shared.right : Right::none;
}

Server::Server(const Parts& parts, std::span<const Method> methods)
    : loop_(parts.loop),
      board_(parts.board),
      methods_(methods),
      power_(parts.loop, parts.board, parts.daemon),
      context_{parts.board,
               parts.logs,
               parts.daemon,
               power_,
               [this] { return figures(); },
               [this] { look_again(); }},
      accept_again_(parts.loop, [this] { acceptable_->start(); }),
      rest_(parts.loop, [this] { on_rest(); }),
      round_(parts.loop, [this] { round(); }) {
  parts.changes.listen([this] { on_change(); });
}

Server::~Server() {
  for (const auto& [id, session] : sessions_)
    catch_all("the end of a client", [&session = *session] { session.flush(); });
}

Result<void> Server::serve(ControlSocket socket) {
  if (auto done = watch_hangups(); !done) return done;
  auto acceptable =
      std::make_unique<IoWatcher>(loop_, socket.fd(), EV_READ, [this](int) { accept_clients(); });
  // Who has connected to the one before is let in; then its watcher goes, before what it watches.
  while (acceptable_ && sessions_.size() < kMaxClients && accept_one()) {
  }
  acceptable_ = std::move(acceptable);
  socket_ = std::move(socket);
  if (shared_.group) share(shared_);
  acceptable_->start();
  return {};
}

Result<void> Server::watch_hangups() {
  if (hung_up_) return {};
  hangups_.reset(::epoll_create1(EPOLL_CLOEXEC));
  if (!hangups_) return sys_failure("create", "an epoll");
  hung_up_ =
      std::make_unique<IoWatcher>(loop_, hangups_.get(), EV_READ, [this](int) { on_hangup(); });
  hung_up_->start();
  return {};
}

void Server::share(const SharedAccess& shared) {
  shared_ = shared;
  if (const auto done = socket_.share_with(shared.group); !done) {
    log_error("control: members of group {} cannot connect: {}", shared.group.value_or(0),
              done.error().text);
  }
}

ControlFigures Server::figures() const {
  ControlFigures figures;
  figures.clients = sessions_.size();
  for (const auto& [id, session] : sessions_) {
    figures.waiting += session->waits();
    figures.subscriptions += session->subscriptions();
    figures.log_subscriptions += session->log_subscriptions();
  }
  return figures;
}

// --- clients come ---

void Server::accept_clients() {
  for (int i = 0; i < kAcceptsAtOnce; ++i) {
    if (sessions_.size() >= kMaxClients) return acceptable_->stop();  // remove() starts it again
    if (!accept_one()) return;
  }
}

/// False: no more for now.
bool Server::accept_one() {
  UniqueFd fd(::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) {
    accept_paused_ = false;
    admit(std::move(fd));
    return true;
  }
  if (errno == EINTR || errno == ECONNABORTED) return true;
  if (errno != EAGAIN) pause_accepting(errno);
  return false;
}

/// The socket stays ready while clients wait: without a pause the loop would spin.
void Server::pause_accepting(int errnum) {
  if (!accept_paused_) {
    log_warn("control: cannot accept a client: {}; clients wait until there is room",
             errno_text(errnum));
  }
  accept_paused_ = true;
  acceptable_->stop();
  accept_again_.set(kAcceptPause);
}

void Server::admit(UniqueFd fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  std::vector<gid_t> groups;
  if (known && shared_.group) groups = groups_of_peer(fd.get());
  const Right right = known ? right_of(peer, groups, shared_) : Right::none;
  if (right == Right::none) log_debug("control: user {} (pid {}) is refused", peer.uid, peer.pid);
  const std::uint64_t id = ++last_session_;
  const auto added =
      sessions_.emplace(id, std::make_unique<Session>(*this, id, right, std::move(fd))).first;
  if (right == Right::none) has_work(*added->second);  // it may be over already
}

// --- turns ---

void Server::has_work(Session& session) noexcept {
  ready_.splice(ready_.end(), session.ticket);
  if (!round_.active()) round_.set(Milliseconds(0));
}

void Server::round() {
  const TimePoint until = Clock::now() + kRoundTime;
  for (std::size_t left = ready_.size(); left > 0 && Clock::now() < until; --left)
    give_turn();
  if (!ready_.empty()) round_.set(Milliseconds(0));
}

/// To the first of those that are ready.
void Server::give_turn() {
  Session& session = *ready_.front();
  session.ticket.splice(session.ticket.end(), ready_, ready_.begin());
  if (++turns_since_rest_ >= kTurnsBeforeRest) rest_.set(kRestDelay);
  bool more = false;
  bool done = false;
  catch_all("the turn of a client", [&] {
    more = session.turn(Clock::now() + kTurnTime);
    done = true;
  });
  if (!done) session.give_up();  // no memory even for an answer
  if (more) has_work(session);
  if (session.finished()) return remove(session);
  if (session.input_ended()) watch_hangup(session);
}

void Server::finish() noexcept {
  const TimePoint until = after(Clock::now(), kLastTime);
  catch_all("the last answers", [&] {
    on_change();
    while (!ready_.empty() && Clock::now() < until) give_turn();
  });
}

void Server::on_rest() {
  turns_since_rest_ = 0;
  release_idle_memory();
}

/// The peer has closed its sending half, so the end of its input no longer tells that it is gone.
/// libev cannot wait for a hang-up alone; an epoll without events can.
void Server::watch_hangup(Session& session) {
  if (session.hangup_watched) return;
  epoll_event event{};
  event.data.u64 = session.id();
  session.hangup_watched = ::epoll_ctl(hangups_.get(), EPOLL_CTL_ADD, session.fd(), &event) == 0;
}

void Server::on_hangup() {
  std::array<epoll_event, 64> events;
  const int count = ::epoll_wait(hangups_.get(), events.data(), static_cast<int>(events.size()), 0);
  for (int i = 0; i < count; ++i) {
    const auto session = sessions_.find(events[static_cast<std::size_t>(i)].data.u64);
    if (session == sessions_.end()) continue;
    session->second->give_up();
    remove(*session->second);
  }
}

void Server::remove(Session& session) {
  // By hand: a child being spawned may share the descriptor for a moment, and so keep it in the
  // epoll.
  if (session.hangup_watched) {
    ::epoll_ctl(hangups_.get(), EPOLL_CTL_DEL, session.fd(), nullptr);
  }
  if (session.ticket.empty()) ready_.remove(&session);
  sessions_.erase(session.id());
  if (!accept_paused_) acceptable_->start();
}

// --- changes ---

void Server::on_change() {
  look_again();
  tell_events();
}

void Server::look_again() {
  for (const auto& [id, session] : sessions_) session->look_again();
}

void Server::subscribing() {
  if (figures().subscriptions == 0) told_seq_ = board_.last_seq();
  tell_events();
}

void Server::tell_events() {
  if (figures().subscriptions == 0) return;
  const Board::Events news = board_.events_after(told_seq_);
  told_seq_ += news.lost;
  for (const auto& [id, session] : sessions_) session->tell_lost(news.lost);
  for (const StateEvent& event : news.events) {
    const std::string members = event_members(event);  // without memory this one is told later
    for (const auto& [id, session] : sessions_) session->tell(event, members);
    told_seq_ = event.seq;
  }
}

}  // namespace zinit
