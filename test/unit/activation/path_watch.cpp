// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// inotify's reports about paths: activation/path_watch.hpp.
#include "activation/path_watch.hpp"
#include "support/test.hpp"
#include "unit/support/golden_text.hpp"

namespace zinit::test::activation_path_watch {
namespace {

/// A folder and one watched path, as in path_watch.golden: `$` changes the folder by a shell
/// command. `exists`, `changed` and `not_empty` watch the path and look at it: whether the service
/// must be started. `starts` says whether the events so far start it, `quiet` whether there is
/// none, `events` whether one is about the path. `create` and `close` are the halves of writing a
/// file, `restart` is the next image of zinit, and `forget` takes the events.
class Rig {
 public:
  /// Does what the line says. @return  the answer to a question, else an empty text
  std::string answer(const std::string& line) {
    if (line.starts_with("$ ")) {
      const std::string command = "cd " + folder_.path() + " && { " + line.substr(2) + "; }";
      REQUIRE(std::system(command.c_str()) == 0);
      return {};
    }
    std::istringstream words(line);
    std::string verb, name;
    words >> verb >> name;
    if (verb == "create") file_.open(folder_ / name);
    if (verb == "close") file_.close();
    if (verb == "forget") (void)watch_.read_events();
    if (verb == "restart") watch_ = *PathWatch::create();
    if (verb == "exists" || verb == "changed" || verb == "not_empty") {
      watch_.add(verb == "exists"    ? PathKind::exists
                 : verb == "changed" ? PathKind::changed
                                     : PathKind::directory_not_empty,
                 name.starts_with('/') ? name : folder_ / name);
      return look({});
    }
    if (verb == "look") return look({});
    if (verb == "starts") return starts();
    if (verb == "state") return state_;
    if (verb == "quiet") return quiet() ? "yes" : "no";
    if (verb == "events") return watch_.read_events().empty() ? "none of the path" : "some";
    return {};
  }

 private:
  std::string look(PathWatch::Touches touches) {
    const auto found = watch_.look(0, touches, state_);
    state_ = found.state;
    return std::string(found.holds ? "yes" : "no") + (found.not_empty ? ", not empty" : "");
  }
  /// Whether the events so far start the service.
  std::string starts() {
    const auto touches = watch_.read_events();
    return touches.contains(0) ? look(touches) : "no";
  }
  [[nodiscard]] bool quiet() const {
    pollfd readable{watch_.fd(), POLLIN, 0};
    return ::poll(&readable, 1, 0) == 0;
  }

  TempDir folder_;
  PathWatch watch_ = *PathWatch::create();
  std::string state_;
  std::ofstream file_;
};

TEST_CASE("paths are watched as in the golden file", "[path]") {
  CHECK_GOLDEN_CASES("path_watch", [](const std::string& input) {
    Rig rig;
    return answers_to(input, [&](const std::string& line) { return rig.answer(line); });
  });
}

}  // namespace
}  // namespace zinit::test::activation_path_watch
