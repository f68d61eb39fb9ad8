// A value that most of its owners leave at its default: it takes memory only where it is set.
#pragma once

#include <memory>
#include <utility>

namespace zinit {

/// Behaves as a T that is copied with its owner and compared by its value.
template <class T>
class Rare {
 public:
  Rare() = default;
  Rare(const Rare& other) : set_(other.set_ ? std::make_unique<T>(*other.set_) : nullptr) {}
  Rare(Rare&& other) noexcept = default;
  Rare& operator=(Rare other) noexcept {
    set_ = std::move(other.set_);
    return *this;
  }
  ~Rare() = default;

  const T& operator*() const noexcept { return set_ ? *set_ : kDefault; }
  const T* operator->() const noexcept { return &**this; }

  /// To be changed: from now on it takes its memory.
  T& edit() {
    if (!set_) set_ = std::make_unique<T>();
    return *set_;
  }

  bool operator==(const Rare& other) const { return **this == *other; }

 private:
  inline static const T kDefault{};
  std::unique_ptr<T> set_;
};

}  // namespace zinit
