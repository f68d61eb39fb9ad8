// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A callable that is only lent: the parameter of a function that calls back while it runs.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace zinit {

template <class Signature>
class FunctionRef;

/// Calls the object that it was made from, which must outlive it. Unlike a std::function it copies
/// and allocates nothing, and needs no code to copy and destroy each type of callable.
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_object_v<F> &&
           std::is_invocable_r_v<R, const F&, Args...>) FunctionRef(const F& callable)
  noexcept  // implicit, so that a lambda can be passed
      : callable_(std::addressof(callable)), call_([](const void* object, Args... args) -> R {
          return (*static_cast<const F*>(object))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(callable_, std::forward<Args>(args)...); }

 private:
  const void* callable_;
  R (*call_)(const void* object, Args... args);
};

}  // namespace zinit
