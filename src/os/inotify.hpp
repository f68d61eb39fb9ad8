// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads the events of inotify. (inotify(7))
#pragma once

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "base/fd.hpp"

namespace zinit {

/// The pending events of a non-blocking inotify descriptor, one after the other. Events that come
/// while these are read wait for the next object: somebody may make them without end.
class InotifyEvents {
 public:
  explicit InotifyEvents(int fd) noexcept
      : fd_(fd), left_(static_cast<ssize_t>(readable_bytes(fd))) {}

  /// Valid until the next call; null if none is left. IN_Q_OVERFLOW: events were lost.
  [[nodiscard]] const inotify_event* next() noexcept {
    if (at_ >= size_) {
      at_ = 0;
      size_ = left_ > 0 ? ::read(fd_, buffer_.data(), buffer_.size()) : 0;
      left_ -= size_;
      if (size_ <= 0) return nullptr;
    }
    const auto* event = reinterpret_cast<const inotify_event*>(buffer_.data() + at_);
    at_ += static_cast<ssize_t>(sizeof *event + event->len);
    return event;
  }

  /// The file in a watched directory; empty if the event concerns the watched directory or file
  /// itself.
  [[nodiscard]] static std::string_view name(const inotify_event& event) noexcept {
    return event.len > 0 ? event.name : "";
  }

 private:
  const int fd_;
  ssize_t left_;  // bytes to read
  ssize_t at_ = 0;
  ssize_t size_ = 0;
  alignas(inotify_event) std::array<char, 4096> buffer_;
};

}  // namespace zinit
