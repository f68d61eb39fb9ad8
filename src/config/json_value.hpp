// A configuration document as JSON and back: what service.get answers, and what service.set takes.
#pragma once

#include <string>
#include <tl/expected.hpp>

#include "base/json.hpp"
#include "config/value.hpp"

namespace zinit {

/// The document on one line; its places are not in it. Its strings are UTF-8, as all readers of
/// documents see to.
[[nodiscard]] std::string to_json(const Value& document);

/// The document that `json` describes, all of it at no place, within the limits of toml_reader.hpp;
/// or what of it no service file could say, in words. A member that is null is left out.
[[nodiscard]] tl::expected<Value, std::string> value_from_json(const JsonValue& json);

}  // namespace zinit
