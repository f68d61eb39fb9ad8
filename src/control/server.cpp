// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The control server: see server.hpp.
#include "control/server.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/lists.hpp"
#include "base/log.hpp"
#include "config/directory.hpp"
#include "os/limits.hpp"
#include "os/memory.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

/// Supplementary groups of the peer when it connected (unix(7)); empty if the kernel does not
/// report them (before Linux 4.13).
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

// Accepting is quick, so one round of the loop accepts many clients.
constexpr int kAcceptsAtOnce = 64;

/// Whether the peer is root or the server's own user, who have no quota.
bool is_own(const ucred& peer) noexcept { return peer.uid == 0 || peer.uid == ::geteuid(); }

/// If descriptors are few, most of them are for services: the clients of other users get an eighth
/// at most, and one user gets a part of these.
Quota quota_of_others() {
  const std::size_t most =
      std::min(Server::kMaxClients - Server::kReserved, part_of_descriptors(8));
  return Quota(most, std::clamp<std::size_t>(most / 4, 1, Quota::kClientsOfUser));
}

/// The answer fits into the socket's empty buffer. A client may read it although it cannot send.
void send_away(UniqueFd fd, const Quota& quota) {
  const std::string answer =
      refusal(
          RpcCode::invalid_state, "too many connections",
          fmt::format("one user has at most {}; all users except root and the server's own have {}",
                      quota.of_user(), quota.most())) +
      "\n";
  (void)::send(fd.get(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  close_socket(std::move(fd));
}

}  // namespace

Right right_of(const ucred& peer, std::span<const gid_t> groups,
               const SharedAccess& shared) noexcept {
  if (is_own(peer)) return Right::full;
  if (!shared.group) return Right::none;
  const bool member = peer.gid == *shared.group || contains(groups, *shared.group);
  return member ? shared.right : Right::none;
}

Server::Server(const Parts& parts, std::span<const Method> methods)
    : loop_(parts.loop),
      methods_(methods),
      power_(parts.loop, parts.board, parts.daemon),
      file_changes_(parts.loop, changed_file, [this] { look_again(); }),
      processes_(parts.loop, [this] { look_again(); }),
      settling_(parts, [this] { look_again(); }),
      context_{parts.board,
               parts.logs,
               parts.daemon,
               power_,
               file_changes_,
               processes_,
               scrapes_,
               settling_,
               [this] { return figures(); },
               [this] { look_again(); }},
      hangups_(parts.loop, [this](EpollSet::Key id, std::uint32_t) { on_hangup(id); }),
      accept_again_(parts.loop, [this] { acceptable_->start(); }),
      rest_(parts.loop, [this] { on_rest(); }),
      quota_(quota_of_others()),
      round_(parts.loop, [this] { round(); }) {
  parts.changes.listen([this] { on_change(); });
}

Server::~Server() {
  for (const auto& [id, session] : sessions_)
    catch_all("closing a connection", [&session = *session] { session.flush(); });
}

Result<void> Server::serve(ControlSocket socket) {
  if (!hangups_.open()) return sys_failure("create", "an epoll");
  auto acceptable =
      std::make_unique<IoWatcher>(loop_, socket.fd(), EV_READ, [this](int) { accept_clients(); });
  // Accept the clients that have connected to the old socket. Then destroy the old watcher, before
  // its descriptor is closed.
  while (acceptable_ && sessions_.size() < kMaxClients && accept_one()) {}
  acceptable_ = std::move(acceptable);
  socket_ = std::move(socket);
  if (shared_.group) share(shared_);
  acceptable_->start();
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
  figures.bytes_of_others = quota_.bytes();
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

/// @return  false if no more clients can be accepted now
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

/// The socket stays readable while clients wait, so the loop would spin without a pause.
void Server::pause_accepting(int errnum) {
  if (!accept_paused_) {
    log_warn("control: cannot accept a client: {}; further clients wait", errno_text(errnum));
  }
  accept_paused_ = true;
  acceptable_->stop();
  accept_again_.set(kAcceptPause);
}

void Server::admit(UniqueFd fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const bool known = ::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
  if (!known) peer.uid = static_cast<uid_t>(-1);
  SharePtr share;
  if (!is_own(peer) && !(share = quota_.share_for(peer.uid))) {
    log_debug("control: user {} (pid {}) has too many connections", peer.uid, peer.pid);
    return send_away(std::move(fd), quota_);
  }
  std::vector<gid_t> groups;
  if (known && shared_.group) groups = groups_of_peer(fd.get());
  const Right right = known ? right_of(peer, groups, shared_) : Right::none;
  if (right == Right::none) log_debug("control: user {} (pid {}) is refused", peer.uid, peer.pid);
  const std::uint64_t id = ++last_session_;
  const auto added =
      sessions_.emplace(id, std::make_unique<Session>(*this, id, right, peer, std::move(fd), share))
          .first;
  quota_.enter(share);
  if (right == Right::none) has_work(*added->second);  // its connection may be over already
}

// --- turns ---

void Server::has_work(Session& session) noexcept {
  std::list<Session*>& ready = ready_list(session);
  ready.splice(ready.end(), session.ticket);
  if (!round_.active()) round_.set(Milliseconds(0));
}

void Server::round() {
  const TimePoint until = Clock::now() + kRoundTime;
  const std::size_t ready = ready_own_.size() + ready_.size();
  for (std::size_t left = ready; left > 0 && has_ready() && Clock::now() < until; --left)
    give_turn();
  if (has_ready()) round_.set(Milliseconds(0));
}

/// Gives a turn to the first session of the queue that is next.
void Server::give_turn() {
  const bool own = ready_.empty() || (turn_of_own_ && !ready_own_.empty());
  turn_of_own_ = !own;
  std::list<Session*>& ready = own ? ready_own_ : ready_;
  Session& session = *ready.front();
  session.ticket.splice(session.ticket.end(), ready, ready.begin());
  if (++turns_since_rest_ >= kTurnsBeforeRest) rest_.set(kRestDelay);
  bool more = false;
  bool done = false;
  catch_all("serving a client", [&] {
    more = session.turn(Clock::now() + kTurnTime);
    done = true;
  });
  if (!done) session.give_up();  // there was not even memory for an answer
  if (more) has_work(session);
  if (session.finished()) return remove(session);
  if (session.input_ended()) watch_hangup(session);
}

void Server::hold_requests(bool hold) noexcept {
  holds_requests_ = hold;
  if (hold) return;
  for (const auto& [id, session] : sessions_) has_work(*session);
}

void Server::stop_listening() noexcept {
  acceptable_.reset();
  socket_ = {};
}

void Server::finish() noexcept {
  const TimePoint until = after(Clock::now(), kLastTime);
  catch_all("sending the last answers", [&] {
    file_changes_.give_up();
    on_change();
    // the data loop may be late, or hang
    context_.logs.read_pipes();
    for (const auto& [id, session] : sessions_)
      if (session->log_subscriptions() > 0) has_work(*session);
    do
      while (has_ready() && Clock::now() < until) give_turn();
    while (await_readers(until));
  });
}

/// Waits until a client reads more of its queued output.
/// @return  false if nothing is queued, if no client reads, or if the time is over
bool Server::await_readers(TimePoint until) {
  std::vector<pollfd> writable;
  std::vector<Session*> behind;
  for (const auto& [id, session] : sessions_) {
    if (session->flushed()) continue;
    writable.push_back({session->fd(), POLLOUT, 0});
    behind.push_back(session.get());
  }
  const auto left = std::min<std::int64_t>(ms_between(Clock::now(), until), kLastSilence.count());
  if (behind.empty() || left == 0) return false;
  const int ready = ::poll(writable.data(), writable.size(), static_cast<int>(left));
  if (ready <= 0) return ready < 0 && errno == EINTR;
  for (std::size_t i = 0; i < behind.size(); ++i) {
    if (writable[i].revents == 0) continue;
    behind[i]->flush();
    has_work(*behind[i]);
  }
  return true;
}

void Server::on_rest() {
  turns_since_rest_ = 0;
  release_idle_memory();
}

/// The end of the peer's input has come already, so only a hang-up shows that the peer is gone.
void Server::watch_hangup(Session& session) {
  if (!session.hangup_watched) session.hangup_watched = hangups_.add(session.fd(), 0, session.id());
}

void Server::on_hangup(EpollSet::Key id) {
  const auto session = sessions_.find(id);
  if (session == sessions_.end()) return;
  session->second->give_up();
  remove(*session->second);
}

void Server::remove(Session& session) {
  if (session.hangup_watched) hangups_.remove(session.fd());
  if (session.ticket.empty()) ready_list(session).remove(&session);
  quota_.leave(session.share());
  sessions_.erase(session.id());
  if (!accept_paused_) acceptable_->start();
}

// --- changes ---

void Server::on_change() {
  look_again();
  for (const auto& [id, session] : sessions_) session->look_at_events();
}

void Server::look_again() {
  for (const auto& [id, session] : sessions_) session->look_again();
}

}  // namespace zinit
