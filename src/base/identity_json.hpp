// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The identity of a file as JSON, for facts of the next process image.
#pragma once

#include "base/file_identity.hpp"
#include "base/json.hpp"
#include "base/json_writer.hpp"

namespace zinit {

inline void put_identity(JsonWriter& to, const FileIdentity& one) {
  to.begin_array().put(std::uint64_t{one.device}).put(std::uint64_t{one.inode});
  to.put(std::int64_t{one.size}).put(one.modified_ns).end_array();
}

/// FileIdentity() if `value` is not from put_identity().
[[nodiscard]] inline FileIdentity identity_from(const JsonValue& value) {
  FileIdentity identity;
  if (!value.IsArray() || value.Size() != 4 || !value[0].IsUint64() || !value[1].IsUint64() ||
      !value[2].IsInt64() || !value[3].IsInt64())
    return identity;
  identity.device = value[0].GetUint64();
  identity.inode = value[1].GetUint64();
  identity.size = value[2].GetInt64();
  identity.modified_ns = value[3].GetInt64();
  return identity;
}

}  // namespace zinit
