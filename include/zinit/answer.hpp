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

/// An answer as the library keeps it.
struct JsonAnswer;

/// A request as it is sent.
struct RequestText {
  std::string method;
  std::string params{};  // JSON text; empty: none
  /// It waits for a service, and not for the server alone: no longer than `limit` (nothing: as long
  /// as it takes), whatever time limit the client has for its calls.
  bool waits = false;
  std::optional<std::chrono::milliseconds> limit{};
};

/// A request, and how its answer is read.
template <class T>
struct Request : RequestText {
  /// Throws ClientError bad_answer.
  T (*read)(const JsonAnswer& answer) = nullptr;
};

/// What is answered to a request that has no result but that it was done.
struct Done {};

/// The outcome of a call: its result, or the error that Client would throw.
template <class T>
class Answer {
 public:
  Answer(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Answer(ClientError error) : content_(std::in_place_index<1>, std::move(error)) {}

  /// Whether there is a result.
  [[nodiscard]] bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /// The result. Where there is none, its error is thrown.
  [[nodiscard]] T& value() {
    if (const auto* error = std::get_if<1>(&content_)) throw *error;
    return *std::get_if<0>(&content_);
  }
  [[nodiscard]] const T& value() const { return const_cast<Answer*>(this)->value(); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// The error. Only where there is no result (else std::bad_variant_access is thrown).
  [[nodiscard]] const ClientError& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, ClientError> content_;
};

}  // namespace v1
}  // namespace zinit
