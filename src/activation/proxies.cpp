// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The proxies of the data loop. See proxies.hpp.
#include "activation/proxies.hpp"

#include <algorithm>
#include <atomic>

#include "base/mutex.hpp"
#include "os/limits.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMostConnections = 65536;

// Half of the connections are shared out among the proxies, and the other half is for any proxy
// that needs more. So a proxy that uses that whole half still leaves the others their shares.
//
// A connection has two sockets, and up to two pipes while bytes are under way. All sockets take at
// most half of the descriptors and all pipes an eighth. The rest is for services.
std::size_t most_connections() noexcept {
  return std::clamp<std::size_t>(part_of_descriptors(4), 16, kMostConnections);
}

}  // namespace

class Proxies::Impl {
 public:
  Impl(EventLoop& loop, ServiceAccess& services, std::function<void(ProxyTable::Place)> gone)
      : services_(services),
        gone_(std::move(gone)),
        set_(loop, [this](EpollSet::Key key, std::uint32_t events) { on_ready(key, events); }),
        pipes_(most_connections() / 4),
        resolver_(loop),
        shared_{loop,
                set_,
                pipes_,
                resolver_,
                services,
                waiting_,
                most_connections() / 2,
                0,
                0,
                [this] { tidy_.ask(); },
                [this] { again_.set_within(kLackAgain); },
                [this](const SocketAddress& to) { return proxy_at(to); }},
        again_(loop,
               [this] {
                 accept_again();
                 for (const auto& [place, proxy] : proxies_) proxy->pass_on_again();
               }),
        idle_(loop, [this] { stop_idle(); }),
        tidy_(loop, [this] { tidy(); }),
        look_(loop, [this] { look_now(); }),
        on_orders_(loop, [this] { take_orders(); }) {}

  void order(std::vector<Change> changes, Done done) {
    MutexLock lock(orders_mutex_);
    orders_.push_back({std::move(changes), std::move(done)});
    on_orders_.ask();
  }

  void look() noexcept {
    if (waiting_ > 0 || idle_proxies_ > 0) look_.ask();
  }

 private:
  struct Order {
    std::vector<Change> changes;
    Done done;
  };

  void take_orders() {
    std::vector<Order> orders;
    {
      MutexLock lock(orders_mutex_);
      std::swap(orders, orders_);
    }
    for (Order& one : orders) catch_all("proxies", [&] { apply(one.changes, one.done); });
  }

  void apply(std::vector<Change>& changes, const Done& done) {
    if (!set_.open()) again_.set(kLackAgain);
    Listeners unused;
    Listeners in_use;
    for (const Change& change : changes)
      in_use.insert(in_use.end(), change.listeners.begin(), change.listeners.end());
    for (Change& change : changes) {
      Listeners old = change.removed ? close(change) : put(change, in_use);
      std::ranges::move(old, std::back_inserter(unused));
    }
    share_out();
    accept_again();  // shares may have grown
    index();
    idle_proxies_ = static_cast<std::size_t>(std::ranges::count_if(proxies_, [](const auto& one) {
      return !one.second->closed() && one.second->spec().idle_timeout.count() > 0;
    }));
    stop_idle();
    done(std::move(unused));
  }

  Listeners put(Change& change, const Listeners& in_use) {
    auto& proxy = proxies_[change.place];
    if (!proxy) proxy = std::make_unique<Proxy>(shared_, change.place, *change.counts);
    Listeners old = proxy->set(change.spec, std::move(change.listeners), in_use);
    for (auto& [number, left] : change.left) proxy->take_over(number, std::move(left));
    proxy->look();  // if connections wait, no other event may come
    return old;
  }

  Listeners close(const Change& change) {
    const auto found = proxies_.find(change.place);
    if (found == proxies_.end()) {  // it has never listened
      gone_(change.place);
      return {};
    }
    Listeners old = found->second->close();
    tidy_.ask();
    return old;
  }

  void on_ready(EpollSet::Key key, std::uint32_t events) {
    const auto found = proxies_.find(Proxy::place_of(key));
    if (found == proxies_.end()) return;
    if ((key & Proxy::kListener) != 0)
      found->second->on_listener(static_cast<std::uint32_t>(key));
    else
      found->second->on_connection(static_cast<std::uint32_t>(key), Proxy::side_of(key), events);
  }

  /// Runs after connections have ended: accepts others, and lets removed proxies go.
  void tidy() {
    std::erase_if(proxies_, [this](const auto& one) {
      const bool gone = one.second->closed() && one.second->connections() == 0;
      if (gone) gone_(one.first);
      return gone;
    });
    share_out();
    accept_again();
    stop_idle();
  }

  void share_out() noexcept {
    shared_.share = shared_.common / std::max<std::size_t>(proxies_.size(), 1);
    shared_.beyond = 0;
    for (const auto& [place, proxy] : proxies_)
      shared_.beyond += std::max(proxy->connections(), shared_.share) - shared_.share;
  }

  /// Rebuilds the index by which proxy_at() finds the proxy that listens at an address. A destroyed
  /// proxy was closed before, so the index no longer contains it.
  void index() {
    by_place_.clear();
    for (const auto& [place, proxy] : proxies_)
      for (const ListenerPtr& listener : proxy->listeners())
        by_place_.emplace(listener->key(), proxy.get());
  }

  [[nodiscard]] const Proxy* proxy_at(const SocketAddress& to) const {
    if (to.size == 0) return nullptr;
    const auto [first, last] = by_place_.equal_range(place_key(to));
    const auto found =
        std::find_if(first, last, [&](const auto& one) { return one.second->takes(to); });
    return found == last ? nullptr : found->second;
  }

  void accept_again() {
    if (!set_.open()) return again_.set(kLackAgain);
    for (const auto& [place, proxy] : proxies_) proxy->accept_again();
  }

  void look_now() {
    for (const auto& [place, proxy] : proxies_) proxy->look();
    stop_idle();
  }

  /// What the proxies of one service have in common.
  struct Use {
    std::size_t connections = 0;
    bool forever = false;  // a proxy of the service has no idle_timeout
    std::chrono::seconds idle{0};
    TimePoint last{};
  };

  void stop_idle() {
    if (idle_proxies_ == 0) return idle_.stop();
    std::map<std::string_view, Use> uses;
    for (const auto& [place, proxy] : proxies_)
      if (!proxy->closed() && proxy->spec().idle_timeout.count() > 0) uses[proxy->spec().service];
    for (const auto& [place, proxy] : proxies_) {
      const ProxySpec& spec = proxy->spec();
      const auto found = uses.find(spec.service);
      if (found == uses.end()) continue;
      Use& use = found->second;
      use.connections += proxy->connections();
      use.last = std::max(use.last, proxy->last_used());
      if (proxy->closed()) continue;
      use.forever = use.forever || spec.idle_timeout.count() == 0;
      use.idle = std::max(use.idle, spec.idle_timeout);
    }
    const TimePoint now = Clock::now();
    TimePoint next = kNever;
    for (const auto& [name, use] : uses) {
      if (use.connections > 0 || use.forever || use.idle.count() == 0) continue;
      const std::string service(name);
      const TimePoint up = services_.up_since(service);
      if (up == kNever) continue;  // look() is called when the service becomes up
      const TimePoint due = after(std::max(use.last, up), use.idle);
      if (due > now)
        next = std::min(next, due);
      else
        services_.stop_idle(service, use.idle);
    }
    idle_.set_at(next);
  }

  ServiceAccess& services_;
  const std::function<void(ProxyTable::Place)> gone_;
  EpollSet set_;
  PipePool pipes_;
  Resolver resolver_;
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<std::size_t> idle_proxies_ = 0;
  ProxyShared shared_;
  TimerWatcher again_;
  TimerWatcher idle_;
  LoopCall tidy_;
  LoopCall look_;
  std::map<ProxyTable::Place, std::unique_ptr<Proxy>> proxies_;
  std::unordered_multimap<std::string, const Proxy*> by_place_;  // by place_key()
  Mutex orders_mutex_;
  std::vector<Order> orders_ GUARDED_BY(orders_mutex_);
  LoopCall on_orders_;
};

Proxies::Proxies(EventLoop& loop, ServiceAccess& services,
                 std::function<void(ProxyTable::Place)> gone)
    : impl_(std::make_unique<Impl>(loop, services, std::move(gone))) {}

Proxies::~Proxies() = default;

void Proxies::apply(std::vector<Change> changes, Done done) {
  impl_->order(std::move(changes), std::move(done));
}

void Proxies::look() noexcept { impl_->look(); }

std::map<ProxyTable::Place, std::vector<std::pair<std::uint32_t, Proxy::Left>>> left_connections(
    Inheritance& inherited) {
  std::map<std::pair<ProxyTable::Place, std::uint32_t>, Proxy::Left> found;
  for (const KeptKind kind :
       {KeptKind::proxy_client, KeptKind::proxy_backend, KeptKind::proxy_pipe}) {
    for (Inheritance::One& one : inherited.take_all(kind)) {
      Proxy::Left& left = found[{one.note.owner, one.note.slot}];
      if (kind == KeptKind::proxy_pipe)
        left.pipes.emplace_back(std::move(one.fd), one.note.part);
      else
        (kind == KeptKind::proxy_client ? left.client : left.backend) = std::move(one.fd);
    }
  }
  std::map<ProxyTable::Place, std::vector<std::pair<std::uint32_t, Proxy::Left>>> sorted;
  for (auto& [key, left] : found) sorted[key.first].emplace_back(key.second, std::move(left));
  return sorted;
}

}  // namespace zinit
