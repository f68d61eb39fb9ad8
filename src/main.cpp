// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// One program, many names: this table says which name runs what (control.md, "One binary, many
// names"). The name decides first, and whether this is PID 1 second.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/commands.hpp"
#include "client/entry.hpp"
#include "client/verbs.hpp"
#include "config/options.hpp"
#include "machine/last_steps.hpp"
#include "os/process.hpp"
#include "reexec/reexecution.hpp"
#include "server/start.hpp"

#ifdef __GLIBCXX__
/// What libstdc++ calls for an exception that nobody catches. Its own one names the exception, and
/// takes 40 KB of the program for that; zinit logs the fault with its addresses.
void __gnu_cxx::__verbose_terminate_handler() { std::abort(); }
#endif

namespace {

using zinit::ServerName;

bool is_pid1() { return ::getpid() == 1; }

int serve(ServerName name, int argc, char** argv, int first) {
  zinit::remember_command_line(argv);
  const std::vector<std::string> arguments(argv + std::min(first, argc), argv + argc);
  return zinit::run_server(name, arguments);
}

/// Whether PID 1 was called as the client: by the first word alone, for later ones may be those of
/// a container's command, and never by the kernel, which passes words of its command line that it
/// does not know to init.
bool means_client(int argc, char** argv) {
  constexpr std::array kOptions = {"--help", "-h", "--version", "-V"};
  if (argc < 2 || zinit::is_init_of_machine()) return false;
  const std::string_view word = argv[1];
  return zinit::find_verb(word) != nullptr || !zinit::verbs_of_family(word).empty() ||
         zinit::contains(kOptions, word);
}

int zinit_server(int argc, char** argv) { return serve(ServerName::server, argc, argv, 1); }
int zinit_pid1(int argc, char** argv) { return serve(ServerName::pid1, argc, argv, 1); }

/// What the shells ask for a line that begins with `zinit server`.
int complete_server(int argc, char** argv) {
  const std::vector<std::string> words(argv + 3, argv + argc);
  for (const std::string& word : zinit::server_completions(words)) std::puts(word.c_str());
  return 0;
}

int zinit_itself(int argc, char** argv) {
  if (argc > 3 && std::string_view(argv[1]) == zinit::kComplete &&
      argv[2] == std::string_view("server") && !zinit::is_init_of_machine())
    return complete_server(argc, argv);
  if (argc > 1 && argv[1] == std::string_view("server"))
    return serve(ServerName::server, argc, argv, 2);
  if (is_pid1() && !means_client(argc, argv)) return zinit_pid1(argc, argv);
  if (argc == 3 && argv[1] == std::string_view("help") && argv[2] == std::string_view("server")) {
    static char help[] = "--help";
    argv[2] = help;
    return serve(ServerName::server, argc, argv, 2);
  }
  // The first word may be `server`, which is no verb of zinitctl.
  if (argc == 3 && argv[1] == std::string_view(zinit::kComplete) &&
      std::string_view("server").starts_with(argv[2]))
    std::puts("server\tsupervise services");
  return zinit::run_zinitctl(argc, argv);
}

int init(int argc, char** argv) {
  return is_pid1() ? zinit_pid1(argc, argv) : zinit::run_telinit(argc, argv);
}

int poweroff(int argc, char** argv) { return zinit::run_power_command("poweroff", argc, argv); }
int reboot(int argc, char** argv) { return zinit::run_power_command("reboot", argc, argv); }
int halt(int argc, char** argv) { return zinit::run_power_command("halt", argc, argv); }
int shutdown(int argc, char** argv) { return zinit::run_power_command("shutdown", argc, argv); }

struct Name {
  std::string_view name;
  int (*run)(int argc, char** argv);
};

constexpr std::array kNames = {
    Name{"zinit", zinit_itself},
    Name{"zinitctl", zinit::run_zinitctl},
    Name{"zinit-server", zinit_server},
    Name{"zinit-pid1", zinit_pid1},
    Name{"init", init},
    Name{"poweroff", poweroff},
    Name{"reboot", reboot},
    Name{"halt", halt},
    Name{"shutdown", shutdown},
};

/// Whether `name` is `known`, or that of a file of zinit which a version or an update has renamed:
/// zinit-0.2.0, zinitctl.new. The commands that end a machine have no such names.
bool is_named(std::string_view name, std::string_view known) {
  if (name == known) return true;
  if (!known.starts_with("zinit") || !name.starts_with(known)) return false;
  const std::string_view rest = name.substr(known.size());
  const char next = rest.size() > 1 ? rest[1] : '\0';
  return rest.front() == '.' || (rest.front() == '-' && next >= '0' && next <= '9');
}

int unknown_name(std::string_view name) {
  std::string text(name);
  text += ": zinit has no such name; its names are";
  for (const Name& known : kNames) text.append(" ").append(known.name);
  text += "\n";
  std::fputs(text.c_str(), stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view path = argc > 0 ? argv[0] : "";
  const std::string_view name = zinit::last_part(path);
  if (is_pid1() && path == zinit::kLastStepsName) return zinit::run_last_steps(argc, argv);
  for (const Name& known : kNames)
    if (is_named(name, known.name)) return known.run(argc, argv);
  return is_pid1() ? zinit_pid1(argc, argv) : unknown_name(name);
}
