// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One client's bytes: see connection.hpp.
#include "control/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>

#include "base/memory.hpp"
#include "base/text.hpp"
#include "os/memory.hpp"
#include "os/unix_receive.hpp"
#include "state/disposal.hpp"

namespace zinit {

namespace {

constexpr std::size_t kReadBytes = 65536;
constexpr std::size_t kChunkBytes = 65536;  // smaller texts share a chunk up to this size
constexpr std::size_t kKeptBytes = 4096;    // a larger input buffer is freed once it is empty

}  // namespace

Connection::Connection(EventLoop& loop, UniqueFd fd, SharePtr share, std::function<void()> wake)
    : fd_(std::move(fd)),
      held_(std::move(share)),
      wake_(std::move(wake)),
      readable_(loop, fd_.get(), EV_READ, [this](int events) { on_readable(events); }),
      writable_(loop, fd_.get(), EV_WRITE, [this](int events) { on_writable(events); }),
      patience_(loop, [this] { on_patience(); }),
      linger_(loop, [this] { on_linger(); }) {
  watch();
}

Connection::~Connection() {
  readable_.stop();
  writable_.stop();
  close_socket(std::move(fd_));
}

// --- input ---

void Connection::on_readable(int events) {
  const RefusableAllocations refusable;
  try {
    (events & EV_ERROR) != 0 ? give_up() : receive();
  } catch (const std::bad_alloc&) {
    give_up();  // some input is lost, so the rest could be read as another request
  }
  watch();
  wake_();
}

void Connection::receive() {
  std::array<char, kReadBytes> bytes;
  const ssize_t got = receive_bytes(fd_.get(), bytes);
  if (got < 0 && errno == EAGAIN) return;
  // ECONNRESET: the client closed without reading its answers. EBADMSG: it sent descriptors.
  if (got < 0) return give_up();
  if (got == 0) {
    input_ended_ = true;
    end_refusal();
  } else if (!refused_ && static_cast<std::size_t>(got) > held_.room()) {
    starved_ = true;
  } else if (!refused_) {
    input_.append(bytes.data(), static_cast<std::size_t>(got));
    count();
  }
}

bool Connection::find_line() {
  if (line_found_) return true;
  if (too_long_ || refused_) return false;
  const auto end = input_.find('\n', std::max(searched_, consumed_));
  searched_ = input_.size();
  line_found_ = end != std::string::npos || (input_ended_ && input_.size() > consumed_);
  line_end_ = std::min(end, input_.size());
  too_long_ = (line_found_ ? line_end_ : input_.size()) - consumed_ > kRequestLimit;
  if (too_long_) line_found_ = false;
  return line_found_;
}

std::optional<std::string_view> Connection::next_line() {
  drop_consumed();
  while (find_line()) {
    if (!has_room()) return std::nullopt;
    const auto line = std::string_view(input_).substr(consumed_, line_end_ - consumed_);
    consumed_ = std::min(line_end_ + 1, input_.size());
    searched_ = consumed_;
    line_found_ = false;
    if (!trim(line).empty()) return line;
  }
  watch();
  return std::nullopt;
}

/// Moves the rest to the front only if at least half of the buffer has been consumed. This makes
/// many small lines cheap.
void Connection::drop_consumed() {
  if (consumed_ == 0 || consumed_ < input_.size() / 2) return;
  input_.erase(0, consumed_);
  searched_ -= std::min(searched_, consumed_);
  line_end_ -= std::min(line_end_, consumed_);
  consumed_ = 0;
  // assignment would keep the memory
  if (input_.empty() && input_.capacity() > kKeptBytes) std::string().swap(input_);
  count();
}

bool Connection::has_room() noexcept {
  starved_ = starved_ || held_.room() == 0;
  return !starved_;
}

/// Counts a partly written text in full, and the input buffer with its capacity.
void Connection::count() noexcept {
  held_.set(input_.capacity() + answer_bytes_ + notification_bytes_ + written_);
}

// --- output ---

namespace {
constexpr std::size_t kLargeBytes = std::size_t{256} * 1024;
}  // namespace

bool Connection::put_answer(std::string_view text) {
  if (over_ || !has_room()) return false;
  if (answer_bytes_ > kAnswerLimit) {
    give_up();
    return false;
  }
  append(text, false);
  return true;
}

bool Connection::put_notification(std::string_view text) {
  if (over_ || notification_bytes_ + text.size() + 1 > kNotificationLimit) return false;
  // An empty queue takes one without room: nothing else would wake the caller to report the loss.
  if (text.size() >= held_.room() && !output_.empty()) {
    held_back_ = true;
    return false;
  }
  append(text, true);
  return true;
}

void Connection::append(std::string_view text, bool notification) {
  const bool joins = !output_.empty() && output_.back().notification == notification &&
                     output_.back().text.size() + text.size() < kChunkBytes;
  if (!joins) output_.push_back({{}, notification});
  std::string& to = output_.back().text;
  to.reserve(to.size() + text.size() + 1);  // if it throws, nothing has been appended or counted
  to.append(text).push_back('\n');
  (notification ? notification_bytes_ : answer_bytes_) += text.size() + 1;
  count();
}

void Connection::flush() {
  held_back_ = held_back_ || answer_bytes_ + notification_bytes_ > kAheadBytes;
  bool progress = false;
  while (!over_ && !output_.empty()) {
    Chunk& chunk = output_.front();
    const std::string_view rest = std::string_view(chunk.text).substr(written_);
    const ssize_t sent = ::send(fd_.get(), rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) return give_up();
    progress = true;
    const auto size = static_cast<std::size_t>(sent);
    (chunk.notification ? notification_bytes_ : answer_bytes_) -= size;
    written_ += size;
    if (written_ < chunk.text.size()) continue;
    large_ = large_ || chunk.text.size() > kLargeBytes;
    output_.pop_front();
    written_ = 0;
  }
  count();
  // A large answer took far more memory than zinit needs at rest: return it to the kernel.
  if (output_.empty() && std::exchange(large_, false)) release_idle_memory();
  if (progress) {
    impatient_ = false;
    patience_.stop();
  }
  end_refusal();
  watch();
  // An empty queue causes no more events of the socket, so resume the requests and notifications
  // that were held back here.
  if (output_.empty() && std::exchange(held_back_, false)) wake_();
}

void Connection::on_writable(int events) {
  (events & EV_ERROR) != 0 ? give_up() : flush();
  wake_();
}

bool Connection::paused() const noexcept { return answer_bytes_ > kPauseBytes && !impatient_; }

void Connection::on_patience() {
  impatient_ = true;
  wake_();
}

// --- the end ---

void Connection::refuse(std::string_view answer) {
  if (refused_ || over_) return;
  append(answer, false);
  refused_ = true;
  std::string().swap(input_);
  consumed_ = searched_ = 0;
  line_found_ = false;
  linger_.set(kLinger);
  flush();
}

/// Ends the stream of a refused client that has been sent everything. The connection is over when
/// the client has closed its side too.
void Connection::end_refusal() {
  if (!refused_ || !output_.empty()) return;
  ::shutdown(fd_.get(), SHUT_WR);
  if (input_ended_) give_up();
}

void Connection::on_linger() {
  give_up();
  wake_();
}

void Connection::give_up() noexcept {
  over_ = true;
  readable_.stop();
  writable_.stop();
  patience_.stop();
  linger_.stop();
  output_.clear();
  answer_bytes_ = notification_bytes_ = written_ = 0;
  count();
}

/// Watches only the events that can be handled now. libev would report any other ready descriptor
/// again and again, and keep the loop busy.
void Connection::watch() {
  if (over_) return;
  const bool read = !input_ended_ && (refused_ || (!starved_ && !find_line() && !too_long_));
  read ? readable_.start() : readable_.stop();
  output_.empty() ? writable_.stop() : writable_.start();
  if (paused() && !patience_.active()) patience_.set(kPatience);
}

}  // namespace zinit
