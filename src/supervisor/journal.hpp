// The journal: what a new image of zinit must know to go on with the services of the old one, kept
// up to date outside the heap, in a memory file (memfd_create(2)) whose descriptor outlives an
// execve.
//
// Layout, version 1. All numbers are fixed in width, in the machine's byte order; the file never
// leaves the machine. Two copies of a header (magic, version, size and number of records), then the
// world's record, a redo record, and one record a slot, all of one size. A record has a checksum
// over the rest of it, the number of the store that wrote it, its fixed fields, and the texts
// behind these.
//
// Torn writes. zinit may die of a fatal signal in any thread in the middle of a store. Each store
// writes the redo record first and the slot's own second, so one of the two is always whole: with a
// torn redo record the slot's old one still stands, with a torn slot the redo record has its new
// contents. A second copy of every record would do the same for twice the memory, which counts with
// thousands of services.
//
// Other versions. Fields are only ever added, at the end of the fixed part, which tells its own
// length: an older reader skips what it does not know, a newer one takes defaults for what is
// missing. A change that this cannot carry gets a new version number, and read_journal() of another
// number says so and gives no entries. An entry with a value that this image does not know (a state
// of a newer one, say) is marked as not `known`: its process can be adopted, the rest is not to be
// trusted.
//
// Faults. Damage (a wild write before the crash) costs the entries it hits, never more: reading
// checks everything, and takes no entry whose checksum is wrong. What is lost is found again from
// the config.
//
// Threads: none of its own locking; the board's lock is held for every store. No store makes a
// system call or takes memory, except one of a slot beyond those there is room for.
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

/// What the board knows of a service beside model's Record.
struct JournalFacts {
  pid_t pid = 0;                    // of the main process; 0: none
  pid_t pgid = 0;                   // of its group; 0: none
  std::uint64_t process_start = 0;  // of pid, in clock ticks since boot (proc(5), stat, field 22):
                                    // one that differs is a stranger with an old pid. 0: not known
  std::uint64_t restart_count = 0;
  std::int64_t since_us = 0;  // wall times, as status shows them; 0: never
  std::int64_t last_start_us = 0;
  std::int64_t last_ready_us = 0;
  std::int64_t last_stop_us = 0;
  std::uint32_t load_order = 0;
  std::uint64_t config_hash = 0;         // of the file it came from, to tell whether it has changed
  std::array<int, 2> log_pipes{-1, -1};  // read ends for stdout and stderr; -1: none
  std::array<pid_t, 3> helpers{};        // of stop_exec, reload_exec and a probe; 0: none
  pid_t leader = 0;                      // the process that was spawned, while it is not reaped
  pid_t main_group = 0;                  // of pid, where that is another process's service now

  bool operator==(const JournalFacts&) const = default;
};

/// One service as it is stored: nothing here is owned.
struct JournalView {
  Slot slot;
  std::string_view name;  // 1 to 128 bytes
  std::string_view file;  // where its config came from; kept where it fits beside the name
  const Record& record;   // the reason without `messages`, its text cut to what fits
  const JournalFacts& facts;
};

/// One service as it was read.
struct JournalEntry {
  Slot slot = kNoSlot;
  bool known = true;  // false: only name, facts and `record.process` mean anything
  std::string name;
  std::string file;  // empty where it did not fit
  Record record;
  JournalFacts facts;
};

/// What is known beside the services.
struct JournalWorld {
  bool shutdown = false;
  std::int64_t next_rank = -1;
  std::uint64_t serial = 0;

  bool operator==(const JournalWorld&) const = default;
};

struct JournalImage {
  JournalWorld world;
  std::vector<JournalEntry> entries;  // by slot
  std::size_t damaged = 0;            // records that were written once and could not be read
};

/// The longest texts of a record together: name, file and reason. With a name of 10 bytes and a
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

  /// Keeps `view` in place of what its slot held. Fails only where the file must grow and cannot
  /// (ENOMEM, ENOSPC; the old contents stand), or the name is empty or too long (EINVAL).
  [[nodiscard]] Result<void> store(const JournalView& view) noexcept;

  /// The slot is free: nothing of it will be read any more. One never stored is fine.
  void erase(Slot slot) noexcept;

  /// The same as last time costs nothing.
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
  std::uint32_t slots_ = 0;     // that there is room for
  std::uint64_t sequence_ = 0;  // of the last store
  std::optional<JournalWorld> world_;  // as it was stored last
};

/// Reads the journal that `fd` refers to, written by this or another image of zinit; damaged, cut
/// off and torn ones too, as said above. Fails where it is no journal at all, is of another version
/// (ENOTSUP), or cannot be read. Makes no change, keeps nothing open.
[[nodiscard]] Result<JournalImage> read_journal(int fd);

}  // namespace zinit
