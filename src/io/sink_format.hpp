// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The formats in which lines are sent to log collectors.
#pragma once

#include <string>

#include "io/sink.hpp"

namespace zinit {

/// Microseconds since 1970 as "2026-11-20T18:47:46.123456Z" (RFC 3339).
[[nodiscard]] std::string time_text(std::int64_t time_us);

/// A host name for the header of RFC 5424: "-" if it is empty, and "_" for each byte that is not
/// printable ASCII, because sethostname(2) allows any byte.
[[nodiscard]] std::string syslog_host(std::string name);

/// A message of RFC 5424, without framing.
[[nodiscard]] std::string syslog_text(const SinkBatch& batch, const SplitLine& line);

/// A JSON object without newline: time, host, service, pid (null if not known), stream, message.
/// Invalid UTF-8 is replaced.
[[nodiscard]] std::string forward_text(const SinkBatch& batch, const SplitLine& line);

}  // namespace zinit
