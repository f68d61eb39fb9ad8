// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Plays dialogs: each line of a golden file is done, and what it prints is put below it.
#include "scenario/harness/dialog.hpp"

#include "scenario/harness.hpp"

namespace zinit::test {
namespace {

std::string rest_of(std::istringstream& words) {
  std::string rest;
  std::getline(words >> std::ws, rest);
  return rest;
}

int number_of(const std::string& signal) {
  if (signal.starts_with("RTMIN+")) return SIGRTMIN + std::stoi(signal.substr(6));
  int number = 1;
  while (number < SIGSYS && signal != sigabbrev_np(number)) ++number;
  return number;
}

/// One dialog. Its server is made when the first line needs it, after its options.
class Dialog {
 public:
  /// What stands in the golden file for this line; `text` has the lines of a file.
  std::string line(const std::string& line, const std::string& text) {
    if (line.starts_with("@ ")) return write(line.substr(2), text), "";
    if (line.starts_with("$ ")) return run_command(line.substr(2));
    if (line.starts_with("> ")) return act(line.substr(2));
    return "";
  }

 private:
  Server& server() {
    if (!server_) {
      server_ = std::make_unique<Server>(std::move(options_));
      REQUIRE(::mkdir(server_->path("bin").c_str(), 0755) == 0);
      for (const char* name : {"bin/zinit", "bin/zinitctl"})
        REQUIRE(::symlink(zinit_binary().c_str(), server_->path(name).c_str()) == 0);
    }
    return *server_;
  }

  void write(const std::string& name, const std::string& text) {
    if (name.find_first_of("./") == name.npos)
      server().file(name + ".toml", text);
    else
      server().put(name, text);
  }

  std::string run_command(const std::string& command) {
    if (booted_) server().settle();
    Launch what;
    what.program = "/bin/sh";
    what.argv = {"sh", "-c", "exec 2>&1; cd $D; " + command};
    what.env = {"PATH=" + server().path("bin") + ":" + std::getenv("PATH"),
                "D=" + server().folder(), "T=" + server().path("trace"),
                "ZINIT_SOCKET=" + server().socket(), "TZ=UTC"};
    const Outcome done = server().run_beside(what);
    std::string text = masked(done.out);
    if (!text.empty() && text.back() != '\n') text += "\n";
    return done.code == 0 ? text : text + "[" + std::to_string(done.code) + "]\n";
  }

  std::string act(const std::string& action) {
    std::istringstream words(action);
    std::string verb, name;
    words >> verb;
    if (verb == "server") {
      REQUIRE_FALSE(server_);
      for (std::string option; words >> std::quoted(option);) {
        if (option == "container")
          options_.container = true;
        else if (option == "settings")
          options_.settings = true;
        else if (option == "own_root")
          options_.own_root = true;
        else if (options_.arguments.empty() && std::isupper(option[0]) != 0)
          options_.env.push_back(option);
        else
          options_.arguments.push_back(option);
      }
    } else if (verb == "launch") {
      server().launch();
    } else if (verb == "boot") {
      server().boot();
      booted_ = true;
    } else if (verb == "await") {
      words >> name;
      const std::string state = rest_of(words);
      if (state.starts_with("failed "))
        server().await_failed(name, state.substr(7));
      else
        server().await_state(name, state);
    } else if (verb == "trace") {
      int times = 1;
      if (std::isdigit((words >> std::ws).peek()) != 0) words >> times;
      server().await_trace(rest_of(words), times);
    } else if (verb == "message") {
      server().await_message(rest_of(words));
    } else if (verb == "reexec") {
      server().reexecute();
    } else if (verb == "crash") {
      crash(server());
    } else if (verb == "gone") {
      words >> name;
      REQUIRE(
          eventually([&] { return !server().result("service.list").mentions('"' + name + '"'); }));
    } else if (verb == "call") {
      return call(words);
    } else if (verb == "mask") {
      masks_.emplace_back(std::regex(rest_of(words)), "~");
    } else if (verb == "signal") {
      words >> name;
      server().signal(number_of(name));
    } else if (verb == "end") {
      booted_ = false;
      return std::to_string(server().shut_down(words >> name ? number_of(name) : SIGTERM)) + "\n";
    } else if (verb == "ended") {
      booted_ = false;
      return std::to_string(server().exit_code()) + "\n";
    } else {
      FAIL("no such action: " << action);
    }
    return "";
  }

  std::string call(std::istringstream& words) {
    std::string method;
    words >> method;
    const std::string rest = rest_of(words);
    const auto end = rest.find_last_of("]}") + 1;
    server().settle();
    const Json answer = server().connect().call(method, rest.substr(0, end));
    if (answer.has("error")) return masked("error " + answer["error"].dump());
    std::istringstream members(rest.substr(end));
    std::string text;
    for (std::string member; members >> member;)
      text += member + ": " + answer["result"][member].dump() + "\n";
    return masked(text.empty() ? answer["result"].dump() : text);
  }

  std::string masked(std::string text) {
    const auto replace = [&](const std::string& from, const std::string& to) {
      for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
        text.replace(at, from.size(), to);
    };
    replace(server().folder(), "$D");
    static const std::vector<std::pair<std::regex, std::string>> kAlways = {
        {std::regex("(\\bpid |\\bprocess |pid\":)[0-9]+"), "$1PID"},
        {std::regex("[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}"), "TIME"},
        {std::regex("(pid PID), up [^\\n]*"), "$1, up TIME"},
        {std::regex("\\b[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?"), "TIME"},
        {std::regex("\\b(after|for|since|in|ago:?) [0-9.]+ ?(ms|s)\\b"), "$1 TIME"},
        {std::regex("\"([a-z_]+_us|uptime_ms)\":[0-9]+"), "\"$1\":TIME"},
        // The rows of `list`.
        {std::regex(" +NAME +STATE .*"), "NAME STATE PID UPTIME RESTARTS DETAILS"},
        {std::regex(
             "(\\[[^\\]]\\]) +([^ \\n]+) +([^ \\n]+) +[0-9]+ +(?:1m)?[0-9]+(?:ms|s) +([0-9]+) *"),
         "$1 $2 $3 PID TIME $4 "},
        {std::regex("(\\[[^\\]]\\]) +([^ \\n]+) +([^ \\n]+) +- +(?:1m)?[0-9]+(?:ms|s) +([0-9]+) *"),
         "$1 $2 $3 - TIME $4 "},
        {std::regex("\\n- +([^ \\n]+) +masked +- +- +- *"), "\n- $1 masked - - - "},
        {std::regex("(\\[[^\\]]\\]) +([^ \\n]+) +([^ \\n]+) +- +- +([0-9]+) *"),
         "$1 $2 $3 - - $4 "}};
    for (const auto& [pattern, with] : kAlways) text = std::regex_replace(text, pattern, with);
    for (const auto& [pattern, with] : masks_) text = std::regex_replace(text, pattern, with);
    std::string all;  // without blanks at the ends of lines
    for (std::string& line : lines_of(text)) {
      line.erase(line.find_last_not_of(' ') + 1);
      all += line + "\n";
    }
    return all;
  }

  Server::Options options_;
  std::unique_ptr<Server> server_;
  bool booted_ = false;
  std::vector<std::pair<std::regex, std::string>> masks_;
};

}  // namespace

std::string played(const std::string& dialogs) {
  const Texts lines = lines_of(dialogs);
  std::unique_ptr<Dialog> dialog;
  std::string all, name;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    const bool remark = line.starts_with("#") || line.empty();
    const bool begins = line.starts_with("== ");
    // All others are what commands have printed.
    if (!remark && !begins && !line.starts_with("@ ") && !line.starts_with("$ ") &&
        !line.starts_with("> "))
      continue;
    all += line + "\n";
    if (begins) {
      dialog = std::make_unique<Dialog>();
      name = line.substr(3);
    }
    if (begins || !dialog || remark) continue;
    std::string text;
    while (line.starts_with("@ ") && i + 1 < lines.size() &&
           (lines[i + 1].starts_with("  ") || lines[i + 1].empty())) {
      all += lines[++i] + "\n";
      text += lines[i].substr(std::min<std::size_t>(2, lines[i].size())) + "\n";
    }
    INFO("== " << name << "\n" << line);
    for (const std::string& printed : lines_of(dialog->line(line, text)))
      if (!printed.empty()) all += "  " + printed + "\n";
  }
  return dialog ? all : std::string();
}

}  // namespace zinit::test
