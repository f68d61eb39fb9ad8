// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The table of keys: one row for each key that a file may have. The reader of service files, "did
// you mean", check and the man page's table of keys all use it, so all know the same keys. A new
// key is one row in keys.cpp. If no Type fits, a new Type gets a check and a row in key_types.cpp.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/diagnostic.hpp"
#include "config/settings.hpp"
#include "config/value.hpp"
#include "model/proxy_spec.hpp"
#include "model/spec.hpp"

namespace zinit {

/// The kind of a value. key_types.cpp has a row and a check for each.
enum class Type : std::uint8_t {
  boolean,
  integer,       // min to max
  duration,      // an integer from min to max, in unit_of() the key, or "5min"
  timeout,       // the same, or "infinity"
  string,        // one line
  word,          // one of `words`
  flag_or_word,  // true, false, or one of `words`
  path,          // an absolute path
  syslog,        // destination of log lines: unix:, udp: or tcp:
  forward,       // the same: tcp: or unix:
  name,          // a service's name; may be empty if the default is empty
  names,         // array of names
  command,       // a string for the shell, or an argument vector
  commands,      // the same, or an array of argument vectors
  strings,       // table of strings: environment variables
  account,       // a name or a number
  accounts,      // array of them
  octal,         // string of octal digits, up to 0777
  signal,        // a name or a number
  success,       // array of exit codes and names of signals
  limit,         // an integer, "infinity" or "soft:hard"; each number up to max
  time_limit,    // the same in unit_of() the key, each half also as "5min"
  cpus,          // array of integers from 0 to max, at least one
  ports,         // array of integers from min to max
  files,         // an absolute path, after a - if it may be missing; or an array of paths
  folders,       // a relative path without . and ..; or an array of paths
  capabilities,  // array of names
  bytes,         // an integer from min to max, or "512M"
  notify,        // "systemd" or "fd:N", N from min to max
  processors,    // "50%" or "2.5", from min to max thousandths of one
  statuses,      // array of HTTP codes from min to max, or ranges "200..299"; at least one
  address,       // a proxy's address: parse_proxy_address()
  addresses,     // array of them; at least one, no duplicates
  listen,        // array of parse_listen_address() texts; at least one, no duplicates
  labels,        // array of names for LISTEN_FDNAMES
  calendar,      // an expression for CalendarSpec::parse(), or an array of them
  cron,          // the same for CronSpec::parse()
  paths,         // an absolute path, or an array of them
  // For conditions. A ! may precede each text.
  condition_paths,  // an absolute path, or an array of them
  condition_words,  // a text of one line that is not empty, or an array of them
  virtualization,   // one of `words`, or an array of them
  condition_exec,   // a command
};

/// Where a row may write. The section determines which member is set.
struct Destination {
  ServiceSpec* spec = nullptr;
  GlobalSettings* settings = nullptr;
  ProxySpec* proxy = nullptr;
};

/// The start of a value of Type::notify.
inline constexpr std::string_view kNotifySystemd = "systemd";
inline constexpr std::string_view kNotifyFd = "fd:";

inline constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

struct Key {
  std::string_view section;  // empty for a global setting
  std::string_view name;
  Type type;
  std::int64_t min = 0;
  std::int64_t max = kNoLimit;
  std::span<const std::string_view> words = {};  // in the order of its enum, for Type::word
  std::string_view default_text;                 // as TOML, or in words
  std::string_view help;                         // one line
  std::string_view example;                      // a value, as TOML
  void (*store)(Destination&, const Key&, const Value&);  // for values after check_value()
  Value (*value)(const ProxySpec&) = nullptr;  // the proxy's value; each key of [proxy] has it
  bool limitless = false;  // "infinity" means no limit, as 0 or as if the key were not there

  [[nodiscard]] constexpr bool required() const noexcept { return default_text == "required"; }
};

/// All keys, by section in the order of zinit.toml(5).
[[nodiscard]] std::span<const Key> all_keys() noexcept;

/// The key, or null.
[[nodiscard]] const Key* find_key(std::string_view section, std::string_view name) noexcept;

/// The keys of a section, in the order of the table.
[[nodiscard]] std::span<const Key> section_keys(std::string_view section) noexcept;

/// Names of the keys of a section, in the order of the table.
[[nodiscard]] std::vector<std::string_view> keys_of(std::string_view section);

/// The sections of service files, in the order of the table.
[[nodiscard]] std::span<const std::string_view> known_sections() noexcept;

/// The section of zinit.toml with defaults for all services.
inline constexpr std::string_view kDefaultsSection = "defaults";

/// The sections whose keys [defaults] of zinit.toml may have.
[[nodiscard]] std::span<const std::string_view> defaultable_sections() noexcept;

/// The unit of an integer of Type::duration or Type::timeout: milliseconds if the key's name ends
/// so, otherwise seconds.
[[nodiscard]] constexpr Milliseconds unit_of(const Key& key) noexcept {
  return key.name.ends_with("_ms") ? Milliseconds{1} : Milliseconds{1000};
}

/// SECTION.KEY, for messages.
[[nodiscard]] std::string full_name(const Key& key);

/// The values that the key allows, as words after "must be", also for the man page: "an integer
/// from 0 to 5".
[[nodiscard]] std::string allowed_text(const Key& key);

/// Collects the faults that checks find.
struct Findings {
  const std::string& file;
  std::vector<Diagnostic>& list;
  const ServiceSpec* spec = nullptr;  // the faults may be in any of its files; null: only in `file`

  void add(Severity severity, SourcePosition at, std::string key, std::string text) {
    const std::string& where = spec == nullptr ? file : spec->file_of(at);
    list.push_back({where, at, severity, std::move(key), std::move(text)});
  }
};

/// Whether `key` allows `value`. Adds every fault to `findings`.
[[nodiscard]] bool check_value(const Key& key, const Value& value, Findings& findings);

/// "a", "b" or "c"; each in quotes.
[[nodiscard]] std::string alternatives(std::span<const std::string_view> words);

}  // namespace zinit
