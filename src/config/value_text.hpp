// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A configuration document as text: as JSON, which service.get returns and service.set takes, and
// as TOML, for the file that service.set writes.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "base/json.hpp"
#include "config/value.hpp"

namespace zinit {

/// A value with this text, without a place.
[[nodiscard]] Value text_value(std::string text);

/// The document on one line, without its places. Its strings are UTF-8: all readers of documents
/// ensure this.
[[nodiscard]] std::string to_json(const Value& document);

/// The document that `json` describes, without places, within the limits of toml_reader.hpp; or an
/// error text about content that a service file cannot have. Leaves out null members.
[[nodiscard]] tl::expected<Value, std::string> value_from_json(const JsonValue& json);

/// `document`, a table of sections, as TOML 1.0. read_toml() reads the same document from it. Keys
/// are in byte order; tables within a section follow it as sections of their own.
[[nodiscard]] std::string to_toml(const Value& document);

/// One value as TOML, and a name as a key.
[[nodiscard]] std::string toml_value(const Value& value);
[[nodiscard]] std::string toml_key(const std::string& name);

}  // namespace zinit
