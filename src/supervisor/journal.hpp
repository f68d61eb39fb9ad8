// The journal: what zinit must know after a re-execution (a new image of zinit in the same process)
// to go on with its services. It is kept up to date outside the heap, in a memory file
// (memfd_create(2)) whose descriptor survives the execve(2).
//
// Layout, version 1. All numbers are fixed in width, in the machine's byte order; the file never
// leaves the machine. Two copies of a header (magic, version, size of records), then the world's
// record, a redo record, and one record per slot, all of one size. A record has a checksum of its
// other bytes, the number of the store that wrote it, its fixed fields, and then its texts.
//
// Torn writes. A fatal signal in any thread may interrupt a store. Each store writes the redo
// record first and the slot's own second, so one of the two is always whole: if the redo record is
// torn, the slot still has its old contents; if the slot's record is torn, the redo record has the
// new contents. A second copy of every record would do the same for twice the memory, which matters
// with thousands of services.
//
// Other versions. Fields are only ever added, at the end of the fixed part, whose length is stored:
// an older reader skips the fields it does not know, a newer one uses defaults for missing ones.
// Any other change gets a new version number, and read_journal() fails if the number is not its
// own. An entry with a value that this image does not know (for example a newer state) is not
// `known`: its process can be adopted, but its record is not used.
//
// Faults. Damage (a wild write before the crash) loses only the entries it hits: reading checks
// everything, and skips entries with a wrong checksum. Their services are known from the config
// only.
//
// Threads: no locking of its own; the board's lock is held for every store. A store makes no system
// call and allocates nothing, unless the file must grow for a new slot.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "model/graph.hpp"
#include "model/record.hpp"

namespace zinit {

/// What `status` shows of a service's past: how often it was restarted, and the wall times of its
/// last changes, in microseconds; 0: never.
struct ServiceTimes {
  std::uint64_t restart_count = 0;
  std::int64_t since_us = 0;
  std::int64_t last_start_us = 0;
  std::int64_t last_ready_us = 0;
  std::int64_t last_stop_us = 0;

  bool operator==(const ServiceTimes&) const = default;
};

/// What the board knows of a service beside model's Record.
struct JournalFacts : ServiceTimes {
  pid_t pid = 0;                    // of the main process; 0: none
  pid_t pgid = 0;                   // of its group; 0: none
  std::uint64_t process_start = 0;  // of pid, in clock ticks since boot (proc(5), stat, field 22);
                                    // reserved: neither set nor used yet
  std::uint32_t load_order = 0;
  std::uint64_t config_hash = 0;         // of the service's file; reserved likewise
  std::array<int, 2> log_pipes{-1, -1};  // read ends for stdout and stderr; reserved likewise
  std::array<pid_t, 3> helpers{};        // of stop_exec, reload_exec and a probe; 0: none
  pid_t leader = 0;                      // the process that was spawned; 0 once it is reaped
  pid_t main_group = 0;                  // the group of pid, if it is not pgid; 0: none

  bool operator==(const JournalFacts&) const = default;
};

/// One service to be stored; refers to its caller's data.
struct JournalView {
  Slot slot;
  std::string_view name;  // 1 to 128 bytes
  std::string_view file;  // the service file; stored only if it fits
  const Record& record;   // its reason is stored without `messages`, with the text that fits
  const JournalFacts& facts;
};

/// One service as it was read.
struct JournalEntry {
  Slot slot = kNoSlot;
  bool known = true;  // false: only name, facts and `record.process` mean anything
  std::string name;
  std::string file;  // empty if it did not fit
  Record record;
  JournalFacts facts;
};

/// What is stored beside the services: fields of World.
struct JournalWorld {
  bool shutdown = false;
  std::int64_t next_rank = -1;
  std::uint64_t serial = 0;

  bool operator==(const JournalWorld&) const = default;
};

struct JournalImage {
  JournalWorld world;
  std::vector<JournalEntry> entries;  // by slot
  std::size_t damaged = 0;            // records that were in use and cannot be read
};

/// Bytes for the texts of a record: name, file and reason together. With a name of 10 bytes and a
/// file of 40, a reason's text is cut to 246.
inline constexpr std::size_t kJournalText = 296;
inline constexpr std::size_t kJournalName = 128;  // of the name alone

struct JournalRecord;

class Journal {
 public:
  /// An empty journal. Errors are those of memfd_create(2), fallocate(2), mmap(2).
  [[nodiscard]] static Result<Journal> create();

  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&& other) noexcept;
  ~Journal();

  /// Replaces the contents of the slot by `view`. Fails only if the file cannot grow (ENOMEM,
  /// ENOSPC; the old contents stay), or if the name is empty or too long (EINVAL).
  [[nodiscard]] Result<void> store(const JournalView& view) noexcept;

  /// Marks the slot as free. It need not have been stored.
  void erase(Slot slot) noexcept;

  /// Does nothing if `world` has not changed since the last call.
  void store_world(const JournalWorld& world) noexcept;

  /// The memory file, close-on-exec; for the crash handler and for re-execution.
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  Journal() = default;
  [[nodiscard]] Result<void> grow(std::uint32_t slots);
  [[nodiscard]] Result<void> make_room(Slot slot) noexcept;
  void write_header() noexcept;
  void write(std::size_t index, JournalRecord& record) noexcept;

  UniqueFd fd_;
  std::byte* base_ = nullptr;  // the whole file, mapped
  std::size_t size_ = 0;
  std::uint32_t slots_ = 0;            // how many there is room for
  std::uint64_t sequence_ = 0;         // of the last store
  std::optional<JournalWorld> world_;  // as it was stored last
};

/// Reads the journal that `fd` refers to, written by this or another image of zinit. Reads damaged,
/// truncated and torn ones too, as described above. Fails if it is no journal, is of another
/// version (ENOTSUP), or cannot be read. Makes no change, keeps nothing open.
[[nodiscard]] Result<JournalImage> read_journal(int fd);

}  // namespace zinit
