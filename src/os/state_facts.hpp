// Facts that the next image must know and that change seldom: which config is in force, which
// shutdown is scheduled, what was stored for a service. Each has a key ("spec/12") and a value, any
// bytes. What changes with every step of a service is in the journal (supervisor/journal.hpp).
//
// They lie in a memory file to which each change is appended by one write(2), with a checksum, so
// that a crash in its midst costs this change alone. Nothing of it is in zinit's own memory. When
// as much has been appended as there was, a new file is written with what is still true, and takes
// the place of the old one.
//
// Threads: any; a lock of its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.hpp"
#include "os/kept_descriptors.hpp"

namespace zinit {

/// The facts of a file, by key. An empty value is the same as none.
using FactMap = std::map<std::string, std::string, std::less<>>;

class StateFacts {
 public:
  StateFacts() noexcept = default;
  StateFacts(const StateFacts&) = delete;
  StateFacts& operator=(const StateFacts&) = delete;

  /// Goes on with the file of an earlier image, of which `facts` have been read. Before any other
  /// call.
  [[nodiscard]] Result<void> go_on(KeptFd file, const FactMap& facts) EXCLUDES(mutex_);

  /// Replaces the value of `key`; an empty one takes it away. Does not block. Errors are those of
  /// memfd_create(2) and write(2), and E2BIG for a key of more than 256 bytes or a value of more
  /// than 64 MiB; the old value stays then, for the next image.
  [[nodiscard]] Result<void> set(std::string_view key, std::string_view value) EXCLUDES(mutex_);

  /// The same; a failure is logged.
  void keep(std::string_view key, std::string_view value) noexcept EXCLUDES(mutex_);

  /// The same as set() for all of `facts`, by one write(2). One that is too large is left out.
  [[nodiscard]] Result<void> set(const FactMap& facts) EXCLUDES(mutex_);

 private:
  [[nodiscard]] Result<void> append(const std::string& records) REQUIRES(mutex_);
  [[nodiscard]] Result<void> rewrite(const FactMap& facts) REQUIRES(mutex_);

  Mutex mutex_;
  KeptFd file_ GUARDED_BY(mutex_);
  std::uint64_t size_ GUARDED_BY(mutex_) = 0;
  std::uint64_t rewrite_at_ GUARDED_BY(mutex_) = 0;  // the size at which it is written anew
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

/// Reads what `fd` refers to, a file that this or an earlier image has written. What is damaged is
/// left out. Errors are those of read(2).
[[nodiscard]] Result<FactMap> read_facts(int fd);

/// The same from its bytes.
[[nodiscard]] FactMap parse_facts(std::string_view bytes);

}  // namespace zinit
