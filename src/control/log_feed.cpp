// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Subscriptions to logs: see log_feed.hpp.
#include "control/log_feed.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/format.hpp"
#include "base/memory.hpp"
#include "base/sort.hpp"
#include "control/jsonrpc.hpp"
#include "control/views.hpp"

namespace zinit {

namespace {

// Memory of a queued line in addition to its text.
constexpr std::size_t kLineOverhead = sizeof(LogFeed::Notice) + 32;

std::string params_of(std::uint64_t subscription, const NamedLine& named) {
  JsonWriter writer;
  put_log_line(writer.begin_object().member("subscription", subscription), named.line,
               named.service);
  return writer.end_object().take();
}

}  // namespace

// --- one subscription ---

std::size_t LogFeed::size_of(const NamedLine& named) noexcept {
  return named.service.size() + named.line.text.size() + kLineOverhead;
}

bool LogFeed::wants(std::string_view name) const noexcept {
  return names_.empty() || std::binary_search(names_.begin(), names_.end(), name, std::less<>());
}

void LogFeed::take(const SinkBatch& batch, std::uint64_t first_seq) noexcept {
  bool wake = false;
  {
    MutexLock lock(mutex_);
    wake = !std::exchange(awake_, true);
    for (const SplitLine& line : batch.lines)
      if (!keep(batch, line, first_seq++)) ++dropped_;
  }
  if (wake) room_->call.ask();
}

bool LogFeed::keep(const SinkBatch& batch, const SplitLine& line, std::uint64_t seq) noexcept {
  const std::size_t size = batch.service.size() + line.text.size() + kLineOverhead;
  room_->used.add(size);
  if (room_->used.bytes() <= LogFeeds::kRoomBytes && room_->used.room() > 0) {
    const RefusableAllocations refusable;
    try {
      queue_.push_back(
          {{std::string(batch.service),
            {seq, batch.time_us, batch.stream, line.continues, std::string(line.text)}},
           dropped_});
      dropped_ = 0;
      return true;
    } catch (const std::bad_alloc&) {  // dropped, as if there were no room
    }
  }
  room_->used.remove(size);
  return false;
}

void LogFeed::begin_with(LastLines last) {
  batch_.reserve(last.lines.size() + 1);
  if (last.left_out > 0) batch_.push_back({{}, last.left_out});
  for (NamedLine& named : last.lines) batch_.push_back({std::move(named), 0});
  for (const Notice& notice : batch_) room_->used.add(size_of(notice.named));
}

/// Takes the lines that were queued since the last call.
void LogFeed::fetch() {
  batch_.clear();
  at_ = 0;
  MutexLock lock(mutex_);
  batch_.swap(queue_);
  awake_ = false;
  if (dropped_ == 0) return;
  batch_.push_back({{}, dropped_});
  dropped_ = 0;
  room_->used.add(size_of(batch_.back().named));
}

LogFeed::Notice* LogFeed::next() {
  if (at_ == batch_.size()) fetch();
  if (at_ < batch_.size()) return &batch_[at_];
  if (batch_.capacity() > 0) batch_ = {};  // frees its memory while no lines come
  return nullptr;
}

void LogFeed::told() {
  room_->used.remove(size_of(batch_[at_].named));
  batch_[at_++].named = {};
}

// --- all subscriptions of one client ---

LogFeeds::LogFeeds(LogStore& logs, EventLoop& loop, SharePtr share, std::function<void()> wake)
    : logs_(logs), room_(std::make_shared<LogRoom>(loop, std::move(share), std::move(wake))) {}

LogFeeds::~LogFeeds() {
  for (const auto& feed : feeds_) logs_.remove_tap(feed);
}

void LogFeeds::add(std::uint64_t number, std::vector<std::string> names, Held held,
                   const LogStart& start) {
  sort_values(names);
  feeds_.reserve(feeds_.size() + 1);
  const auto feed = std::make_shared<LogFeed>(number, std::move(names), std::move(held), room_);
  const std::size_t room =
      std::min(kRoomBytes - std::min(room_->used.bytes(), kRoomBytes), room_->used.room());
  feeds_.push_back(feed);
  try {
    feed->begin_with(logs_.add_tap(feed, start, room));
  } catch (const std::bad_alloc&) {
    (void)remove(number);
    throw;
  }
}

bool LogFeeds::remove(std::uint64_t number) {
  const auto found = std::find_if(feeds_.begin(), feeds_.end(),
                                  [&](const auto& feed) { return feed->number() == number; });
  if (found == feeds_.end()) return false;
  logs_.remove_tap(*found);
  while ((*found)->next() != nullptr) (*found)->told();
  feeds_.erase(found);
  return true;
}

bool LogFeeds::tell(Connection& connection, TimePoint until) {
  for (std::size_t left = feeds_.size(); left > 0; --left) {
    first_ = first_ < feeds_.size() ? first_ : 0;
    switch (tell(*feeds_[first_], connection, until)) {
      case Progress::all: ++first_; break;
      case Progress::enough: return false;  // Connection::flush() wakes the session later
      case Progress::late: ++first_; return true;
    }
  }
  return false;
}

LogFeeds::Progress LogFeeds::tell(LogFeed& feed, Connection& connection, TimePoint until) {
  while (LogFeed::Notice* const next = feed.next()) {
    if (connection.is_ahead()) connection.flush();
    if (connection.over() || connection.is_ahead()) return Progress::enough;
    if (next->dropped > 0) {
      const std::string params =
          fmt::format(R"({{"subscription":{},"dropped":{}}})", feed.number(), next->dropped);
      if (!connection.put_notification(rpc_notification("logs.line", params)))
        return Progress::enough;
      next->dropped = 0;
    }
    if (!next->named.service.empty() && !connection.put_notification(rpc_notification(
                                            "logs.line", params_of(feed.number(), next->named))))
      return Progress::enough;
    feed.told();
    if (Clock::now() >= until) return Progress::late;
  }
  return Progress::all;
}

}  // namespace zinit
