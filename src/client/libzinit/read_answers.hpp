// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads answers into the structs of the public header, whose members zinit/objects.inc lists. Each
// function throws ClientError bad_answer if the answer does not have their form.
#pragma once

#include <utility>

#include "base/json.hpp"
#include "zinit/client.hpp"

namespace zinit {

inline namespace v1 {

struct JsonAnswer {
  explicit JsonAnswer(JsonDocument document) : message(std::move(document)) {}

  JsonDocument message;  // the whole answer, which has a member `result`

  [[nodiscard]] const JsonValue& result() const { return message["result"]; }
};

}  // namespace v1

/// Reads an object of zinit/objects.inc, or a std::vector of such objects from an array. Absent
/// members are empty. Vectors of TreeNode or ProcessNode come from one tree or an array.
template <class T>
[[nodiscard]] T read_as(const JsonValue& value);
/// The same for an answer as JSON text.
template <class T>
[[nodiscard]] T parse_as(const std::string& json);

/// `done` is the member with the names of the services that were started, stopped or removed.
[[nodiscard]] BulkResult read_bulk(const JsonValue& value, const char* done);

}  // namespace zinit
