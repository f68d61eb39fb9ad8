// What a line is on its way to who collects logs.
#pragma once

#include <string>

#include "io/sink.hpp"

namespace zinit {

/// "2026-11-20T18:47:46.123456Z" (RFC 3339), of microseconds since 1970.
[[nodiscard]] std::string time_text(std::int64_t time_us);

/// A host's name as the header of RFC 5424 takes it: "-" where there is none, and "_" for every
/// byte that is not printable ASCII, for sethostname(2) takes all of them.
[[nodiscard]] std::string syslog_host(std::string name);

/// A message of RFC 5424, without a frame.
[[nodiscard]] std::string syslog_text(const SinkBatch& batch, const SplitLine& line);

/// A JSON object, without a line's end: time, host, service, pid (null where it is not known),
/// stream, message. What is not UTF-8 is replaced.
[[nodiscard]] std::string forward_text(const SinkBatch& batch, const SplitLine& line);

}  // namespace zinit
