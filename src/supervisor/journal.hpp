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
// Launches. The kernel stores the pid of a process that is being made in one of a few cells behind
// the header, before the process can run (CLONE_PARENT_SETTID). So there is no moment at which a
// process exists that the next image does not know.
//
// Other versions. Fields are only ever added, at the end of the fixed part, whose length is stored:
// an older reader skips the fields it does not know, a newer one uses defaults for missing ones.
// Any other change gets a new version number, and read_journal() fails if the number is not its
// own. An entry with a value that this image does not know (for example a newer state) or that
// cannot be (a time before the clock began) is not `known`: its process can be adopted, but its
// record is not used.
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
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/graph.hpp"
#include "model/record.hpp"
#include "os/memory_file.hpp"

namespace zinit {

/// The version of the layout.
inline constexpr std::uint32_t kJournalVersion = 1;

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

/// What was ordered for a service and has not begun, or cannot be told to be over: bits of
/// JournalFacts::owed. The next image orders it again.
enum Owed : std::uint8_t {
  kOwedStop = 1 << 0,    // its stop_exec
  kOwedReload = 1 << 1,  // its reload_exec
  kOwedLimits = 1 << 2,  // a change of its [resources] is to be applied
};

/// What the board knows of a service beside model's Record.
struct JournalFacts : ServiceTimes {
  pid_t pid = 0;                   // of the main process; 0: none
  pid_t pgid = 0;                  // of its group; 0: none
  std::array<pid_t, 3> helpers{};  // of stop_exec, reload_exec and a probe; 0: none
  pid_t ready = 0;                 // of a command of ready_exec; 0: none
  pid_t condition = 0;             // of exec of [condition]; 0: none
  pid_t check = 0;                 // of check_exec; 0: none
  pid_t leader = 0;                // the process that was spawned; 0 once it is reaped
  pid_t main_group = 0;            // the group of pid, if it is not pgid; 0: none
  TimePoint started{};             // of the last process of pre_exec or exec
  std::int64_t user = -1;          // that the last command was run as; -1: unknown
  std::uint8_t owed = 0;           // Owed

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
  pid_t launched = 0;  // a process of its own that was being made (JournalLaunch)
  std::optional<ProcessEnd> launched_end{};
  std::optional<ProcessEnd> ready_end{};  // of a command of ready_exec that was being made
};

/// What is stored beside the services: fields of World.
struct JournalWorld {
  bool shutdown = false;
  bool start_added = true;  // whether a reload starts what it adds
  std::int64_t next_rank = -1;
  std::uint64_t serial = 0;
  std::uint64_t events = 0;  // how many changes of state there have been
  TimePoint settled{};       // when the services of the boot had settled; not yet: 0
  bool switching = false;    // World::switching

  bool operator==(const JournalWorld&) const = default;
};

/// A process that was being made when the image ended.
struct JournalLaunch {
  Slot slot = kNoSlot;
  std::uint8_t what = 0;            // as the caller of begin_launch() counts
  pid_t pid = 0;                    // 0: it had not been made
  std::optional<ProcessEnd> end{};  // it had ended, and was reaped
};

struct JournalImage {
  JournalWorld world;
  std::vector<JournalEntry> entries;  // by slot
  std::vector<JournalLaunch> launches;
  std::size_t damaged = 0;  // records that were in use and cannot be read
};

/// Bytes for the texts of a record: name, file and reason together. With a name of 10 bytes and a
/// file of 40, a reason's text is cut to 226.
inline constexpr std::size_t kJournalText = 276;
inline constexpr std::size_t kJournalName = 128;  // of the name alone

/// The journal has no room for slots from here on: 64 MiB, far beyond the services of one process.
inline constexpr Slot kJournalSlots = 131072;

struct JournalRecord;
struct LaunchCell;

class Journal {
 public:
  /// An empty journal. Errors are those of memfd_create(2), fallocate(2), mmap(2).
  [[nodiscard]] static Result<Journal> create();

  /// Replaces the contents of the slot by `view`. Fails only if the file cannot grow (ENOMEM,
  /// ENOSPC; the old contents stay), or if the name is empty or too long (EINVAL).
  [[nodiscard]] Result<void> store(const JournalView& view) noexcept;

  /// Marks the slot as free. It need not have been stored.
  void erase(Slot slot) noexcept;

  /// Does nothing if `world` has not changed since the last call.
  void store_world(const JournalWorld& world) noexcept;

  /// A process is about to be made for the slot.
  /// @return  where the kernel is to store its pid; stays valid. Null if too many are being made.
  [[nodiscard]] std::atomic<pid_t>* begin_launch(Slot slot, std::uint8_t what) noexcept;

  /// The process of `place`, which may be null, has ended and is reaped next.
  void launch_ended(std::atomic<pid_t>* place, const ProcessEnd& end) noexcept;

  /// What has become of the process is stored. `place` may be null.
  void end_launch(std::atomic<pid_t>* place) noexcept;

  /// The memory file, close-on-exec; for the crash handler and for re-execution.
  [[nodiscard]] int fd() const noexcept { return file_.fd(); }

  /// From now on the next image finds it (os/kept_descriptors.hpp): all services are stored.
  void keep() noexcept { file_.keep({KeptKind::journal}); }

 private:
  Journal() = default;
  [[nodiscard]] Result<void> make_room(Slot slot) noexcept;
  void write_header() noexcept;
  [[nodiscard]] LaunchCell* cells() noexcept;
  void write(std::size_t index, JournalRecord& record) noexcept;

  MappedFile file_;
  std::uint32_t slots_ = 0;            // how many there is room for
  std::uint64_t sequence_ = 0;         // of the last store
  std::optional<JournalWorld> world_;  // as it was stored last
};

/// Reads the journal that `fd` refers to, written by this or another image of zinit. Reads damaged,
/// truncated and torn ones too, as described above. Fails if it is no journal, is of another
/// version (ENOTSUP), or cannot be read. Makes no change, keeps nothing open.
[[nodiscard]] Result<JournalImage> read_journal(int fd);

}  // namespace zinit
