// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Facts that the next image must know and that seldom change: the config in force, a scheduled
// shutdown, what was stored for a service. Each has a key ("spec/12") and a value, any bytes. Facts
// that change with every step of a service are in the journal (state/journal.hpp).
//
// The facts lie in a memory file. Each change is appended to it by one write(2), with a checksum,
// so a crash during the write loses only this change. zinit's own memory has no copy. When the file
// has doubled, a new file with the current facts replaces it.
//
// A reader that meets damage continues at the next mark. The supervisor and the watchers write
// their facts through StatePort, the daemon its own (server/daemon_facts.hpp).
//
// Threads: any. Has its own lock.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "state/kept_descriptors.hpp"

namespace zinit {

/// The facts of a file, by key. An empty value means no fact.
using FactMap = std::map<std::string, std::string, std::less<>>;

class StateFacts {
 public:
  StateFacts() noexcept = default;
  StateFacts& operator=(StateFacts&&) = delete;

  /// Continues with the file of an earlier image, whose `facts` were read. Call before anything
  /// else.
  [[nodiscard]] Result<void> go_on(KeptFd file, const FactMap& facts) EXCLUDES(mutex_);

  /// Replaces the value of `key`. An empty value removes it. Does not block. Errors: those of
  /// memfd_create(2) and write(2), and E2BIG for a key of more than 256 bytes or a value of more
  /// than 64 MiB. After an error the next image finds the old value.
  [[nodiscard]] Result<void> set(std::string_view key, std::string_view value) EXCLUDES(mutex_);

  /// Like set(), but logs a failure.
  void keep(std::string_view key, std::string_view value) noexcept EXCLUDES(mutex_);

  /// set() for all of `facts`, by one write(2). Skips a fact that is too large.
  [[nodiscard]] Result<void> set(const FactMap& facts) EXCLUDES(mutex_);
  void keep(const FactMap& facts) noexcept EXCLUDES(mutex_);

 private:
  [[nodiscard]] Result<void> append(const std::string& records) REQUIRES(mutex_);
  [[nodiscard]] Result<void> rewrite(const FactMap& facts) REQUIRES(mutex_);

  Mutex mutex_;
  KeptFd file_ GUARDED_BY(mutex_);
  std::uint64_t size_ GUARDED_BY(mutex_) = 0;
  std::uint64_t rewrite_at_ GUARDED_BY(mutex_) = 0;  // the size at which the file is rewritten
};

/// Calls each(REST OF THE KEY, VALUE) for each fact whose key begins with `prefix`.
template <class Each>
void each_below(const FactMap& facts, std::string_view prefix, Each each) {
  for (auto one = facts.lower_bound(prefix); one != facts.end(); ++one) {
    if (!one->first.starts_with(prefix)) return;
    each(std::string_view(one->first).substr(prefix.size()), one->second);
  }
}

/// A copy of these facts, by the rest of their keys.
[[nodiscard]] FactMap facts_below(const FactMap& facts, std::string_view prefix);

/// Reads `fd`, a file that this or an earlier image wrote. Skips damaged records. Errors: those of
/// read(2).
[[nodiscard]] Result<FactMap> read_facts(int fd);

/// Parses the bytes of such a file.
[[nodiscard]] FactMap parse_facts(std::string_view bytes);

}  // namespace zinit
