// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A value that most of its owners leave at its default: only a set value takes memory.
#pragma once

#include <memory>
#include <utility>

namespace zinit {

/// Behaves as a T that is copied with its owner and compared by its value.
template <class T>
class OrDefault {
 public:
  OrDefault() = default;
  OrDefault(const OrDefault& other)
      : set_(other.set_ ? std::make_unique<T>(*other.set_) : nullptr) {}
  OrDefault(OrDefault&& other) noexcept = default;
  OrDefault& operator=(OrDefault other) noexcept {
    set_ = std::move(other.set_);
    return *this;
  }
  OrDefault& operator=(T value) {
    if (set_ || value != kDefault) edit() = std::move(value);
    return *this;
  }
  ~OrDefault() = default;

  const T& operator*() const noexcept { return set_ ? *set_ : kDefault; }
  const T* operator->() const noexcept { return &**this; }

  /// The value, for changes. Allocates it unless it is set already.
  T& edit() {
    if (!set_) set_ = std::make_unique<T>();
    return *set_;
  }

  void reset() noexcept { set_.reset(); }

  /// The value; leaves the default in its place.
  T take() {
    T value = set_ ? std::move(*set_) : T{};
    reset();
    return value;
  }

  bool operator==(const OrDefault& other) const { return **this == *other; }
  bool operator==(const T& other) const { return **this == other; }

 private:
  inline static const T kDefault{};
  std::unique_ptr<T> set_;
};

}  // namespace zinit
