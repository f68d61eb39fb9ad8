// Reads answers into the structs of the public header. Their members are those of
// zinit/objects.inc. Each function throws ClientError bad_answer if the answer does not look like
// that.
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

/// Reads an object of zinit/objects.inc, or a std::vector of such from an array. What is absent is
/// empty. A std::vector of TreeNode or ProcessNode is read from a tree, or from an array of trees.
template <class T>
[[nodiscard]] T read_as(const JsonValue& value);

/// `done` is the member with the names of the services that were started, stopped or removed.
[[nodiscard]] BulkResult read_bulk(const JsonValue& value, const char* done);

}  // namespace zinit
