// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A request and the outcome of a call, with the type of the result.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <zinit/error.hpp>

namespace zinit {
inline namespace v1 {

/// An answer in the library's own form.
struct JsonAnswer;

/// A request in the form in which it is sent.
struct RequestText {
  std::string method;
  std::string params{};  // JSON text; empty: none
  /// The request waits for a service, not only for the server. It waits no longer than `limit`
  /// (nothing: as long as it takes), independent of the client's time limit for calls.
  bool waits = false;
  std::optional<std::chrono::milliseconds> limit{};
};

/// A request, and the function that reads its answer.
template <class T>
struct Request : RequestText {
  /// Throws ClientError bad_answer.
  T (*read)(const JsonAnswer& answer) = nullptr;
};

/// The result of a request that only reports that it was done.
struct Done {};

/// The outcome of a call: its result, or the error that Client would throw.
template <class T>
class Answer {
 public:
  Answer(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Answer(ClientError error) : content_(std::in_place_index<1>, std::move(error)) {}

  /// Whether the call has a result.
  [[nodiscard]] bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The result. Without a result, throws the error.
  [[nodiscard]] T& value() {
    if (const auto* error = std::get_if<1>(&content_)) throw *error;
    return *std::get_if<0>(&content_);
  }
  [[nodiscard]] const T& value() const { return const_cast<Answer*>(this)->value(); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// The error. Without an error, throws std::bad_variant_access.
  [[nodiscard]] const ClientError& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, ClientError> content_;
};

}  // namespace v1
}  // namespace zinit
