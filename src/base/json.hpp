// RapidJSON, set up once and safely. Include this, never <rapidjson/...>: the settings below change
// inline code, and two settings in one program would leave it to the linker which one holds.
//
// - A misuse (reading a string as a number) throws JsonMisuse where RapidJSON's default aborts the
//   process. It is a programming error all the same: check a value's type before reading it.
// - Parsing uses no recursion (kJsonParse), since a peer chooses the depth of nesting.
//   Value::Accept(), operator== and CopyFrom() do recurse: not for values that came from a peer.
// - The namespace is our own: a program that links libzinit.a may use RapidJSON with other
//   settings.
#pragma once

#include <stdexcept>

namespace zinit {

struct JsonMisuse : std::logic_error {
  using std::logic_error::logic_error;
};

}  // namespace zinit

#define RAPIDJSON_NAMESPACE zinit::rapidjson
#define RAPIDJSON_NAMESPACE_BEGIN \
  namespace zinit {               \
  namespace rapidjson {
#define RAPIDJSON_NAMESPACE_END \
  }                             \
  }
#define RAPIDJSON_HAS_STDSTRING 1
#define RAPIDJSON_ASSERT(condition) \
  ((condition) ? (void)0 : throw ::zinit::JsonMisuse("JSON misused: " #condition))

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace zinit {

using JsonValue = rapidjson::Value;
using JsonDocument = rapidjson::Document;

/// How every text from outside is parsed: iteratively, as valid UTF-8, numbers exactly. Without
/// kParseStopWhenDoneFlag, what follows the value is an error.
inline constexpr unsigned kJsonParse = rapidjson::kParseIterativeFlag |
                                       rapidjson::kParseValidateEncodingFlag |
                                       rapidjson::kParseFullPrecisionFlag;

}  // namespace zinit
