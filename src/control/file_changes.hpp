// Finds out, on a thread of its own, whether service files have changed since they were read.
//
// stat(2) of a file on a dead network file system or a broken disk may never return, and a client
// that asks for a status must not block the control loop with it. So the loop hands its question to
// the thread and waits for the answers for at most kPatience; usually it takes some 20 us, for
// 1,000 services a few ms. After that the answers are unknown. While the thread hangs, all further
// answers are unknown at once. The thread is started for the first question and sleeps between
// questions. zinit can end even if it hangs.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/mutex.hpp"
#include "base/time.hpp"
#include "model/spec.hpp"

namespace zinit {

class FileChanges {
 public:
  static constexpr Milliseconds kPatience{500};

  using Look = bool (*)(const ServiceSpec& spec);

  /// `look` may block; tests pass their own.
  explicit FileChanges(Look look);
  /// Does not wait for the thread.
  ~FileChanges();
  FileChanges(const FileChanges&) = delete;
  FileChanges& operator=(const FileChanges&) = delete;

  /// The result of look() for each spec; nothing if that is not known in time, or there is no
  /// memory or thread to find out. To be called by one thread at a time.
  [[nodiscard]] std::vector<std::optional<bool>> ask(std::vector<SpecPtr> specs);

 private:
  /// Shared with the thread, which may outlive the object.
  struct State {
    Mutex mutex;  // a leaf: no other lock is taken while it is held
    CondVar asked;
    CondVar answered;
    std::vector<SpecPtr> specs GUARDED_BY(mutex);  // of the last question, until the thread runs it
    std::vector<std::optional<bool>> answers GUARDED_BY(mutex);
    bool busy GUARDED_BY(mutex) = false;  // the last question is not answered yet
    bool ending GUARDED_BY(mutex) = false;
  };
  static void run(State& state, Look look);

  const Look look_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  bool started_ = false;
};

}  // namespace zinit
