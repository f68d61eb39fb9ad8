// The threads that read files of /proc/PID: see process_memory.hpp.
#include "os/process_memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/fd.hpp"
#include "base/format.hpp"
#include "base/mutex.hpp"
#include "os/thread.hpp"

namespace zinit {

namespace {

// A process that works in its memory's map holds others up for less than that.
constexpr Milliseconds kPatience{200};

// So long a thread waits for the next file to read.
constexpr Milliseconds kIdle{1000};

Result<std::string> read_some(const std::string& path, std::size_t most) {
  const auto fd = open_fd(path.c_str(), O_RDONLY);
  if (!fd) return Failure(fd.error());
  std::string text;
  while (text.size() < most) {
    const std::size_t before = text.size();
    text.resize(std::min(most, before + 65536));
    const ssize_t got = ::read(fd->get(), text.data() + before, text.size() - before);
    const int errnum = errno;
    text.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && errnum != EINTR) return sys_failure("read", path, errnum);
    if (got == 0) break;
  }
  return text;
}

/// A thread, and what it is to read. Used with the lock of Reads held.
struct Reader {
  pid_t pid = 0;
  std::string path;  // empty: nothing
  std::size_t most = 0;
  std::optional<Result<std::string>> answer;
};

struct Reads {
  Mutex turn;  // of who asks; before `mutex`, and no lock is taken after that
  Mutex mutex;
  CondVar asked, answered;
  std::shared_ptr<Reader> reader GUARDED_BY(mutex);  // null: there is none that goes on
  std::set<pid_t> hung GUARDED_BY(mutex);
};

/// Never destroyed, for threads that hang may outlive everything.
Reads& all_reads() {
  static Reads& reads = *new Reads;
  return reads;
}

void run(Reads& reads, const std::shared_ptr<Reader>& own) {
  MutexLock lock(reads.mutex);
  while (true) {
    const TimePoint until = after(Clock::now(), kIdle);
    while (own->path.empty() && Clock::now() < until) reads.asked.wait_until(reads.mutex, until);
    if (own->path.empty()) break;
    const std::string path = std::exchange(own->path, {});
    const std::size_t most = own->most;
    lock.unlock();
    Result<std::string> answer = Failure(Error{{}, ENOMEM});
    try {
      answer = read_some(path, most);
    } catch (const std::bad_alloc&) {
      // Who waits must not find the thread gone. There is no memory for a text either.
    }
    lock.lock();
    if (reads.reader != own) {
      reads.hung.erase(own->pid);
      return;
    }
    own->answer.emplace(std::move(answer));
    reads.answered.notify_one();
  }
  reads.reader.reset();
}

}  // namespace

Result<std::string> read_of_process(pid_t pid, const char* name, std::size_t most) {
  const std::string path = fmt::format("/proc/{}/{}", pid, name);
  Reads& reads = all_reads();
  const MutexLock turn(reads.turn);
  MutexLock lock(reads.mutex);
  if (reads.hung.contains(pid) || reads.hung.size() >= kMostHungReads)
    return sys_failure("read", path, ETIMEDOUT);
  if (!reads.reader) {
    auto made = std::make_shared<Reader>();
    auto thread =
        Thread::start("zinit-proc", kSmallStackBytes, [&reads, made] { run(reads, made); });
    if (!thread) return Failure(thread.error());
    thread->abandon();
    reads.reader = std::move(made);
  }
  const std::shared_ptr<Reader> reader = reads.reader;
  reader->pid = pid;
  reader->path = path;
  reader->most = most;
  reads.asked.notify_all();
  const TimePoint until = after(Clock::now(), kPatience);
  while (!reader->answer && Clock::now() < until) reads.answered.wait_until(reads.mutex, until);
  if (reader->answer) {
    Result<std::string> answer = *std::move(reader->answer);
    reader->answer.reset();
    return answer;
  }
  reads.hung.insert(pid);
  reads.reader.reset();
  return sys_failure("read", path, ETIMEDOUT);
}

}  // namespace zinit
