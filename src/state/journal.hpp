// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// The journal: what zinit must know after a re-execution (a new process image with the same pid) to
// go on with its services. It is kept up to date outside the heap, in a memory file
// (memfd_create(2)) whose descriptor survives the execve(2). The file of a server that is not PID 1
// has a name, for such a server may be killed: the next server reads what it has left.
//
// In this room lies what outlives a process image. memory_file.hpp has the files for it.
//   journal.hpp, journal_record.hpp   the records of services, changed with every step
//   state_facts.hpp                   facts that seldom change
//   kept_descriptors.hpp              the descriptors that stay open
//   crash_log.hpp                     crashes of zinit, read by the next image
//   closer.hpp, disposal.hpp          close what strangers sent, with no thread of zinit waiting
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
// Launches. Before a new process can run, the kernel stores its pid in one of kLaunches cells
// behind the header (CLONE_PARENT_SETTID). So no process ever exists that the next process image
// does not know, unless more launches than this hang at the same time.
//
// Other versions. Fields are only ever added, at the end of the fixed part, whose length is stored:
// an older reader skips unknown fields, a newer one uses defaults for missing ones. Any other
// change needs a new version number, and read_journal() fails if the number is not its own. An
// entry with an unknown value (for example a newer state) or an impossible one (a time before the
// clock began) is not `known`: its process can be adopted, but its record is not used.
//
// Faults. Damage (a wild write before the crash) loses only the entries it hits: reading checks
// everything, and skips entries with a wrong checksum. Only the config then describes their
// services.
//
// Threads: no locking of its own; the board's lock is held for every store. A store makes no system
// call and allocates nothing, unless the file must grow for a new slot.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/graph.hpp"
#include "model/record.hpp"
#include "state/memory_file.hpp"

namespace zinit {

/// The version of the layout.
inline constexpr std::uint32_t kJournalVersion = 1;

/// The past of a service, for `status`: how often it was restarted, and the wall times of its last
/// changes, in microseconds; 0: never.
struct ServiceTimes {
  std::uint64_t restart_count = 0;
  std::int64_t since_us = 0;
  std::int64_t last_start_us = 0;
  std::int64_t last_ready_us = 0;
  std::int64_t last_stop_us = 0;

  bool operator==(const ServiceTimes&) const = default;
};

/// Orders for a service that have not begun, or that may not be over: bits of JournalFacts::owed.
/// The next process image gives them again.
enum Owed : std::uint8_t {
  kOwedStop = 1 << 0,    // its stop_exec
  kOwedReload = 1 << 1,  // its reload_exec
  kOwedLimits = 1 << 2,  // a change of its [resources]
};

/// The commands of a service that have a process of their own (supervisor/side_commands.hpp).
enum class SideKind : std::uint8_t { stop, reload, probe, condition, ready, check };
inline constexpr std::size_t kSideKinds = 6;

/// What the board knows about a service besides model's Record.
struct JournalFacts : ServiceTimes {
  pid_t pid = 0;                          // of the main process; 0: none
  pid_t pgid = 0;                         // of its group; 0: none
  std::array<pid_t, kSideKinds> sides{};  // by SideKind; 0: none
  pid_t leader = 0;                       // the spawned process; 0: reaped
  pid_t main_group = 0;                   // the group of pid, if not pgid; 0: none
  TimePoint started{};                    // of the last process of pre_exec or exec
  std::int64_t user = -1;                 // the last command ran as this user; -1: unknown
  std::uint8_t owed = 0;                  // Owed

  [[nodiscard]] pid_t& side(SideKind kind) { return sides[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] pid_t side(SideKind kind) const { return sides[static_cast<std::size_t>(kind)]; }

  bool operator==(const JournalFacts&) const = default;
};

/// One service to store; refers to its caller's data.
struct JournalView {
  Slot slot;
  std::string_view name;  // 1 to 128 bytes
  std::string_view file;  // the service file; stored only if it fits
  const Record& record;   // stores its reason without `messages`; the text is cut to fit
  const JournalFacts& facts;
};

/// One service from the journal.
struct JournalEntry {
  Slot slot = kNoSlot;
  bool known = true;  // false: only name, facts, and `process`, `wish`, `stop_owed` of the record
                      // are valid
  std::string name;
  std::string file;  // empty if it did not fit
  Record record;
  JournalFacts facts;
  pid_t launched = 0;              // its process that was being created (JournalLaunch)
  bool makes_directories = false;  // a launch that makes its directories was under way
  std::optional<ProcessEnd> launched_end{};
  std::optional<ProcessEnd> ready_end{};  // of a ready_exec command that was being created
};

/// Data stored besides the services: fields of World.
struct JournalWorld {
  bool shutdown = false;
  bool start_added = true;  // whether a reload starts added services
  std::int64_t next_rank = -1;
  std::uint64_t serial = 0;
  std::uint64_t events = 0;  // number of state changes so far
  TimePoint settled{};       // when the boot's services had settled; 0: not yet
  bool switching = false;    // World::switching
  Milliseconds stop_limit = Milliseconds::max();  // World::stop_limit

  bool operator==(const JournalWorld&) const = default;
};

/// A process that was being created when the process image ended.
struct JournalLaunch {
  Slot slot = kNoSlot;
  std::uint8_t what = 0;            // as passed to begin_launch()
  pid_t pid = 0;                    // 0: not created yet
  std::optional<ProcessEnd> end{};  // set: it had ended and was reaped
};

struct JournalImage {
  JournalWorld world;
  std::vector<JournalEntry> entries;  // by slot
  std::vector<JournalLaunch> launches;
  std::size_t damaged = 0;  // used records that cannot be read
};

/// Bytes for the texts of a record: name, file and reason together. With a name of 10 bytes and a
/// file of 40, a reason's text is cut to 226.
inline constexpr std::size_t kJournalText = 276;
inline constexpr std::size_t kJournalName = 128;  // for the name alone

/// The journal has no room for slots from this one on: 64 MiB, far beyond one process's services.
inline constexpr Slot kJournalSlots = 131072;

struct JournalRecord;
struct LaunchCell;

class Journal {
 public:
  /// An empty journal. Its file is named `path` by keep(), if it can have a name; without a path it
  /// never has one. Errors are those of memfd_create(2), fallocate(2), mmap(2).
  [[nodiscard]] static Result<Journal> create(const std::string& path = {});

  /// Replaces the contents of the slot by `view`. Fails only if the file cannot grow (ENOMEM,
  /// ENOSPC; the old contents stay), or if the name is empty or too long (EINVAL).
  [[nodiscard]] Result<void> store(const JournalView& view) noexcept;

  /// Marks the slot as free. It need not have been stored.
  void erase(Slot slot) noexcept;

  /// Does nothing if `world` has not changed since the last call.
  void store_world(const JournalWorld& world) noexcept;

  /// Call before a process is created for the slot.
  /// @return  where the kernel must store its pid; stays valid. Null: too many launches at once.
  [[nodiscard]] std::atomic<pid_t>* begin_launch(Slot slot, std::uint8_t what) noexcept;

  /// The process of `place` has ended and is reaped next. `place` may be null.
  void launch_ended(std::atomic<pid_t>* place, const ProcessEnd& end) noexcept;

  /// Frees the cell: the outcome of the launch is stored. `place` may be null.
  void end_launch(std::atomic<pid_t>* place) noexcept;

  /// The memory file, close-on-exec; for the crash handler and for re-execution.
  [[nodiscard]] int fd() const noexcept { return file_.fd(); }

  /// All services are stored: from now on the next process image finds the journal
  /// (state/kept_descriptors.hpp). Fails if the file cannot be named; then another process finds
  /// none, not even an older one.
  [[nodiscard]] Result<void> keep();

 private:
  Journal() = default;
  [[nodiscard]] Result<void> make_room(Slot slot) noexcept;
  void write_header() noexcept;
  [[nodiscard]] LaunchCell* cells() noexcept;
  void write(std::size_t index, JournalRecord& record) noexcept;

  MappedFile file_;
  std::string path_;                   // empty: the file never has a name
  std::optional<Error> unnamed_;       // why the file cannot have its name
  std::uint32_t slots_ = 0;            // the number of slots it has room for
  std::uint64_t sequence_ = 0;         // number of the last store
  std::optional<JournalWorld> world_;  // the last stored values
};

/// Reads the journal behind `fd`, written by this or another process image. Also reads damaged,
/// truncated and torn journals, as described above. Fails if it is no journal, has another version
/// (ENOTSUP), or cannot be read. Changes nothing and keeps nothing open.
[[nodiscard]] Result<JournalImage> read_journal(int fd);
/// Reads the journal at `path`. Also fails if there is none, or if it is another user's (EPERM).
[[nodiscard]] Result<JournalImage> read_journal(const std::string& path);

}  // namespace zinit
