// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// libzinit with the real server: how it presents the answers (control.md, "Library").
#include <zinit/client.hpp>

#include "scenario/harness.hpp"
namespace zinit::test::control_library {
namespace {

TEST_CASE("libzinit starts, looks, explains and stops", "[check][library]") {
  Server zinit;
  zinit.add("db", {.exec = "[ -e $D/mended ] && exec sleep 100000; echo sad; exit 4",
                   .lifecycle = "restart = 'never'"});
  zinit.add("web", {.dependencies = "requires = ['db']"});
  zinit.boot();
  zinit::Client client = zinit::Client::connect(zinit.socket());
  CHECK(client.ping().pid == zinit.pid());
  CHECK(client.info().mode == "standalone");
  CHECK(client.list() == Texts{"db", "web"});
  CHECK(client.wait("web", WaitFor::failed).reason->type == "dependency_failed");
  const auto why = client.why("web");
  REQUIRE_FALSE(why.reasons.empty());
  CHECK(why.reasons.front().root_cause == "db");
  CHECK(client.status_full("db").last_exit->code == 4);
  CHECK(client.tree("web").size() == 2);
  // zinit logs how db ended after db's own line.
  REQUIRE(eventually([&] {
    const auto lines = client.logs_tail("db");
    return !lines.empty() && lines.front() == "sad";
  }));

  zinit.mark("mended");
  CHECK(client.start("web", {.settled = true, .limit = {}}).state == "running");
  CHECK(client.is_running("db"));
  CHECK(client.stop("db", {.settled = true, .limit = {}}).state == "exited");
  CHECK_FALSE(client.is_running("web"));
}

/// What `make install` installs, and the programs of doc/library.md, compiled with it alone.
class Installed {
 public:
  /// Installs existing files and builds nothing: `all` counts as done. As for `make help`, the
  /// Makefile notes no flags, because other flags would make the next build compile everything.
  explicit Installed(const Server& zinit) : root_(zinit.path("root")) {
    zinit::test::Launch what{
        .argv = {"make", "-s", "-o", "all", "install", "MAKECMDGOALS=help", "DESTDIR=" + root_},
        .program = "/usr/bin/make"};
    const auto installed = run(std::move(what));
    INFO(installed.err);
    REQUIRE(installed.code == 0);
    const auto found = shell("find " + root_ + " -name libzinit.pc");
    REQUIRE_FALSE(found.out.empty());
    pkg_config_ = "PKG_CONFIG_SYSROOT_DIR=" + root_ +
                  " PKG_CONFIG_LIBDIR=" + found.out.substr(0, found.out.rfind('/')) + " pkg-config";
  }

  /// Runs a shell command in the folder of the installed files.
  [[nodiscard]] zinit::test::Outcome shell(const std::string& command) const {
    return run({.argv = {"sh", "-c", command}, .program = "/bin/sh"}, "", 300s);
  }

  /// Compiles a program of the page to a file beside it.
  [[nodiscard]] std::string compile(const Server& zinit, const std::string& name) const {
    write_file(zinit.path(name + ".cpp"), program_of_page(name));
    const auto compiled =
        shell("c++ -std=c++20 -Wall -Wextra -Wshadow -Wconversion -Wpedantic -Werror " +
              zinit.path(name + ".cpp") + " $(" + pkg_config_ + " --cflags --libs libzinit) -o " +
              zinit.path(name));
    INFO(compiled.err);
    REQUIRE(compiled.code == 0);
    return zinit.path(name);
  }

  /// Includes each header first and alone, and returns the faults.
  [[nodiscard]] std::string faults_of_headers() const {
    return shell("for h in $(cd " + root_ +
                 "/usr/include && echo zinit/*.hpp); do "
                 "echo \"#include <$h>\" | c++ -std=c++20 -Wall -Wextra -Werror -fsyntax-only "
                 "$(" +
                 pkg_config_ + " --cflags libzinit) -x c++ - || echo $h; done 2>&1")
        .out;
  }

 private:
  /// The block of doc/library.md whose first line contains the name.
  static std::string program_of_page(const std::string& name) {
    const std::string page = read_file("doc/library.md");
    const std::string fence = "```\n";
    const auto begin = page.find("```cpp\n// " + name + ".cpp:");
    REQUIRE(begin != std::string::npos);
    const auto first = page.find('\n', begin) + 1;
    return page.substr(first, page.find(fence, first) - first);
  }

  std::string root_;
  std::string pkg_config_;
};

/// Whether there is something to install, and a compiler to try it.
bool can_install() {
  if (access("build/zinit", R_OK) != 0 || access("build/release/libzinit.a", R_OK) != 0) {
    skip("needs what `make` builds");
    return false;
  }
  for (const char* program : {"/usr/bin/make", "/usr/bin/c++", "/usr/bin/pkg-config"}) {
    if (access(program, X_OK) == 0) continue;
    skip(std::string("needs ") + program);
    return false;
  }
  return true;
}

TEST_CASE("the programs of doc/library.md are compiled with what is installed, and work",
          "[library]") {
  if (!can_install()) return;
  Server zinit;
  zinit.add("web", {.exec = "echo hello; exec sleep 100000"});
  // A oneshot that fails does not run for a moment before it has.
  zinit.add(
      "bad",
      {.exec = "echo sad; exit 4", .service = "oneshot = true", .lifecycle = "restart = 'never'"});
  zinit.boot({"web"});
  const Installed installed(zinit);
  CHECK(installed.faults_of_headers() == "");
  const Texts env{"ZINIT_SOCKET=" + zinit.socket()};

  const std::string restart = installed.compile(zinit, "restart");
  const auto restarted = [&](Texts arguments) {
    arguments.insert(arguments.begin(), "restart");
    return run({.argv = std::move(arguments), .program = restart, .env = env});
  };
  const pid_t before = zinit.pid_of("web");
  const auto good = restarted({"web"});
  CHECK(good.code == 0);
  CHECK(good.out == "web runs\n");
  CHECK(zinit.pid_of("web") != before);
  const auto bad = restarted({"bad"});
  CHECK(bad.code == 1);
  CHECK_THAT(bad.out, Catch::StartsWith("bad ended with code 4\n"));
  const auto absent = restarted({"absent"});
  CHECK(absent.code == 4);
  CHECK_THAT(absent.err, Catch::StartsWith("restart: "));
  CHECK(restarted({}).code == 2);

  const std::string follow = installed.compile(zinit, "follow");
  int input[2];
  REQUIRE(pipe2(input, O_CLOEXEC) == 0);
  const auto say = [&](const std::string& text) {
    CHECK(write(input[1], text.data(), text.size()) == ssize_t(text.size()));
  };
  const std::string printed = zinit.path("followed");
  const auto shows = [&](const std::string& text) {
    return eventually([&] { return read_file(printed).find(text) != std::string::npos; });
  };
  const auto launch_follow = [&](int in) {
    const int out = open(printed.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    const pid_t pid =
        launch({.argv = {"follow", "web"}, .program = follow, .env = env, .in = in, .out = out});
    close(out);
    return pid;
  };
  const pid_t pid = launch_follow(input[0]);
  say("stop web\nsta");
  CHECK(shows("stop web: exited"));
  CHECK(shows("web: running -> stopping"));
  say("rt web\n");
  CHECK(shows("start web: running"));
  CHECK(shows("web: starting -> running"));
  CHECK(shows("web| hello"));
  say("start absent\ndance\n");
  CHECK(shows("start NAME, or stop NAME"));
  CHECK(shows("start absent: "));
  close(input[0]);
  close(input[1]);
  CHECK(wait_for_exit(pid) == 0);

  REQUIRE(pipe2(input, O_CLOEXEC) == 0);
  const pid_t other = launch_follow(input[0]);
  say("start web\n");
  CHECK(shows("start web: running"));
  CHECK(zinit.shut_down() == 0);
  CHECK(wait_for_exit(other) == 1);
  CHECK(shows("the server closed the connection"));
  close(input[0]);
  close(input[1]);
}

}  // namespace
}  // namespace zinit::test::control_library
