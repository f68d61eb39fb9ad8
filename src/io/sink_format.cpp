// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Formats lines as RFC 5424 and JSON. See sink_format.hpp.
#include "io/sink_format.hpp"

#include <unistd.h>

#include <ctime>

#include "base/format.hpp"
#include "base/json_writer.hpp"
#include "base/mutex.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace zinit {

namespace {

constexpr std::size_t kMaxAppName = 48;  // RFC 5424

// The host name may change at any time. It is read at most this often.
constexpr Milliseconds kHostNameHolds{1000};

/// The host name; empty if there is none. Any thread.
std::string host_name() {
  struct Known {
    Mutex mutex;
    std::string name GUARDED_BY(mutex);
    TimePoint until GUARDED_BY(mutex){};
  };
  static Known known;
  MutexLock lock(known.mutex);
  const TimePoint now = Clock::now();
  if (now < known.until) return known.name;
  char name[256] = "";
  known.name = ::gethostname(name, sizeof name - 1) < 0 ? "" : name;
  known.until = after(now, kHostNameHolds);
  return known.name;
}

}  // namespace

std::string time_text(std::int64_t time_us) {
  constexpr std::int64_t second = 1000000;
  const std::int64_t micro = ((time_us % second) + second) % second;
  const std::time_t seconds = (time_us - micro) / second;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     micro);
}

std::string syslog_host(std::string name) {
  if (name.empty()) return "-";
  for (char& c : name)
    if (c <= ' ' || c > '~') c = '_';  // non-ASCII: negative, or > '~' if char is unsigned
  return name;
}

std::string syslog_text(const SinkBatch& batch, const SplitLine& line) {
  const std::string pid = batch.pid > 0 ? std::to_string(batch.pid) : "-";
  // <30> is facility daemon, level info: 3 * 8 + 6.
  std::string text =
      fmt::format("<30>1 {} {} {} {} {} - ", time_text(batch.time_us), syslog_host(host_name()),
                  batch.service.substr(0, kMaxAppName), pid, log_stream_name(batch.stream));
  text += line.text;
  return text;
}

std::string forward_text(const SinkBatch& batch, const SplitLine& line) {
  JsonWriter writer;
  writer.begin_object().member("time", time_text(batch.time_us)).member("host", host_name());
  writer.member("service", batch.service).key("pid");
  batch.pid > 0 ? writer.put(batch.pid) : writer.put(nullptr);
  writer.member("stream", log_stream_name(batch.stream)).member("message", line.text);
  return writer.end_object().take();
}

}  // namespace zinit
