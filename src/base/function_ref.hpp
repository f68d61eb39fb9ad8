// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A callable that is only lent: the parameter of a function that calls back while it runs.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "base/mutex.hpp"

namespace zinit {

template <class F, class R, class... Args>
concept CallableAs = std::is_object_v<F> && std::is_invocable_r_v<R, const F&, Args...>;

template <class Signature>
class FunctionRef;

/// Calls the object that it was made from, which must outlive it, so it is only a parameter. Unlike
/// a std::function it copies and allocates nothing, and needs no code to copy and destroy each type
/// of callable.
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  FunctionRef() = default;  // of nothing: it must not be called
  template <CallableAs<R, Args...> F>
  FunctionRef(const F& callable) noexcept  // implicit, so that a lambda can be passed
      : callable_(std::addressof(callable)), call_(call_object<F>) {}

  explicit operator bool() const noexcept { return call_ != nullptr; }
  R operator()(Args... args) const { return call_(callable_, std::forward<Args>(args)...); }

 private:
  /// The analysis cannot see here whether the caller has the lock that a lambda requires.
  template <class F>
  static R call_object(const void* object, Args... args) NO_THREAD_SAFETY_ANALYSIS {
    return (*static_cast<const F*>(object))(std::forward<Args>(args)...);
  }

  const void* callable_ = nullptr;
  R (*call_)(const void* object, Args... args) = nullptr;
};

}  // namespace zinit
