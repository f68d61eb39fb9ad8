// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// A server's input from its command line, its environment and the kernel's command line.
#include "config/options.hpp"
#include "support/test.hpp"

namespace zinit::test::config_options {
namespace {

ServerOptions parsed(const Texts& arguments) { return parse_server_options(arguments); }

TEST_CASE("an option takes its value after a blank or an equals sign", "[init][options]") {
  const auto options = parsed({"--config-dir", "/a", "--config=/b", "--socket=/c=d", "--log-level",
                               "debug", "--pid1-mode", "--container"});
  CHECK(options.config_dir == "/a");
  CHECK(options.config == "/b");
  CHECK(options.socket == "/c=d");
  CHECK(options.log_level == LogLevel::debug);
  CHECK(options.pid1_mode);
  CHECK(options.container);
  CHECK(options.faults.empty());
  CHECK(options.words.empty());
}

TEST_CASE("the options of a server and their values are completed", "[init][options]") {
  const auto completed = [](const Texts& words) { return server_completions(words); };
  CHECK(completed({"--con"}) == Texts{"--config-dir", "--config", "--container", "--console"});
  CHECK(completed({"--config", ""}) == Texts{":files"});
  CHECK(completed({"--log-level", "d"}) == Texts{"debug"});
  CHECK(completed({"--stop-signal", ""}).empty());
  CHECK(completed({"--pid1-mode", "--pid"}) == Texts{"--pid1-mode"});
}

TEST_CASE("what follows -- is a command, options in it too", "[init][options]") {
  const auto options = parsed({"--container", "--", "sh", "--socket", "--", "x"});
  CHECK(options.command == Texts{"sh", "--socket", "--", "x"});
  CHECK_FALSE(options.socket);
  CHECK(options.faults.empty());
}

TEST_CASE("in a container the first word begins the command, as tini reads it", "[init][options]") {
  const auto read = [](const Texts& arguments) {
    return parse_server_options(arguments, Words::command);
  };
  const auto options = read({"--console", "--socket", "/s", "bash", "-c", "exit 4", "--", "x"});
  CHECK(options.command == Texts{"bash", "-c", "exit 4", "--", "x"});
  CHECK(options.console);
  CHECK_FALSE(options.raw_console);
  CHECK(read({"--console=raw"}).raw_console);
  CHECK(read({"--console=all"}).faults == Texts{"--console takes no value but \"raw\""});
  CHECK(options.socket == "/s");
  CHECK(options.words.empty());
  CHECK(options.faults.empty());
  CHECK_FALSE(options.dashes);
  CHECK_FALSE(read({"true", "--container"}).container);  // the command's own
  CHECK(read({"--", "-x", "y"}).command == Texts{"-x", "y"});
  CHECK(read({"--container"}).command.empty());
}

TEST_CASE("a command has a stop signal, and gets signals unless that is refused",
          "[init][options]") {
  const auto read = [](const Texts& arguments) {
    return parse_server_options(arguments, Words::command);
  };
  CHECK(read({"true"}).forward);
  CHECK(read({"--forward=all", "true"}).forward);
  CHECK_FALSE(read({"--forward", "none", "true"}).forward);
  CHECK(read({"--stop-signal", "SIGRTMIN+3", "true"}).stop_signal == "SIGRTMIN+3");
  CHECK(read({"--stop-signal=int", "true"}).stop_signal == "int");
  const auto wrong = read({"--stop-signal", "SIGTREM", "--forward=some", "true"});
  CHECK_FALSE(wrong.stop_signal);
  CHECK(wrong.forward);
  CHECK(wrong.command == Texts{"true"});
  CHECK(wrong.faults == Texts{"--stop-signal: unknown signal \"SIGTREM\"; did you mean SIGTERM?",
                              "--forward: unknown value \"some\"; known are all, none"});
}

TEST_CASE("every wrong option is named, and the good ones beside it are taken", "[init][options]") {
  const auto options = parsed(
      {"--confg", "--socket", "/s", "--container=1", "--log-level", "loud", "single", "--config"});
  CHECK(options.socket == "/s");
  CHECK(options.container);
  CHECK(options.words == Texts{"single"});
  CHECK(options.faults ==
        Texts{"unknown option --confg; did you mean --config?", "--container takes no value",
              "--log-level: unknown log level \"loud\"; known are trace, debug, info, warn, error",
              "--config needs a value"});
}

TEST_CASE("an option whose value is missing does not take the -- before the command",
          "[init][options]") {
  const auto options = parsed({"--socket", "--", "true"});
  CHECK(options.faults == Texts{"--socket needs a value"});
  CHECK(options.command == Texts{"true"});
}

TEST_CASE("the kernel command line sets target, log level and directory", "[init][options]") {
  const auto options = parse_kernel_options(
      "console=ttyS0 zinit.target=one zinit.target=net zinit.log_level=debug "
      "zinit.config_dir=\"/a b\" quiet root=/dev/vda\n");
  CHECK(options.target == "net");
  CHECK(options.log_level == LogLevel::debug);
  CHECK(options.config_dir == "/a b");
  CHECK_FALSE(options.shell);
  CHECK(options.faults.empty());
}

TEST_CASE("single, rescue and emergency each ask for the shell, and only as whole words",
          "[init][options]") {
  for (const auto* word : {"single", "rescue", "emergency"}) {
    INFO(word);
    CHECK(parse_kernel_options(std::string("ro ") + word).shell);
    CHECK_FALSE(parse_kernel_options(std::string("ro x") + word).shell);
    CHECK_FALSE(parse_kernel_options(std::string(word) + "=1").shell);
  }
}

TEST_CASE("of the kernel's settings an initramfs takes the log level alone", "[init][options]") {
  const auto own = for_initramfs(parse_kernel_options(
      "emergency zinit.target=x zinit.log_level=debug zinit.config_dir=/x zinit.taget=y"));
  CHECK(own.log_level == LogLevel::debug);
  CHECK(own.target.empty());
  CHECK_FALSE(own.config_dir);
  CHECK_FALSE(own.shell);
  CHECK(own.faults.size() == 1);
}

TEST_CASE("a wrong kernel setting is told and leaves the others", "[init][options]") {
  const auto options = parse_kernel_options("zinit.log_level=loud zinit.taget=x zinit.target=y");
  CHECK(options.target == "y");
  CHECK_FALSE(options.log_level);
  CHECK(options.faults.size() == 2);
}

TEST_CASE("each sign of a container counts by itself", "[init][options]") {
  const ServerOptions none;
  ServerOptions asked;
  asked.container = true;
  CHECK_FALSE(in_container(none, {"PATH=/bin", "containers=x"}, false));
  CHECK(in_container(asked, {}, false));
  CHECK(in_container(none, {"ZINIT_CONTAINER=1"}, false));
  CHECK(in_container(none, {"ZINIT_CONTAINER=yes"}, false));
  CHECK_FALSE(in_container(none, {"ZINIT_CONTAINER=0"}, false));
  CHECK(in_container(none, {"container=podman"}, false));
  CHECK(in_container(none, {}, true));
}

TEST_CASE(
    "the log level of the command line wins over the environment's, and that over the kernel's",
    "[init][options]") {
  KernelOptions kernel;
  kernel.log_level = LogLevel::error;
  Texts faults;
  const Environment warn{"ZINIT_LOG_LEVEL=warn"};
  CHECK(asked_log_level(parsed({"--log-level=trace"}), warn, kernel, faults) == LogLevel::trace);
  CHECK(asked_log_level({}, warn, kernel, faults) == LogLevel::warn);
  CHECK(asked_log_level({}, {"ZINIT_LOG_LEVEL="}, kernel, faults) == LogLevel::error);
  CHECK(asked_log_level({}, {}, {}, faults) == std::nullopt);
  CHECK(faults.empty());
}

TEST_CASE("a wrong log level in the environment is told, and the kernel's stands",
          "[init][options]") {
  KernelOptions kernel;
  kernel.log_level = LogLevel::warn;
  Texts faults;
  CHECK(asked_log_level({}, {"ZINIT_LOG_LEVEL=loud"}, kernel, faults) == LogLevel::warn);
  CHECK(faults.size() == 1);
}

}  // namespace
}  // namespace zinit::test::config_options
