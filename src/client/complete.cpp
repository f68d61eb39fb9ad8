// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Answers the completions of shells: the possible forms of the word under the cursor. The scripts
// in etc/completion pass the words of the line on, so that all of them use the one table of verbs
// and options in this program.
#include <algorithm>
#include <array>

#include "base/format.hpp"
#include "base/lists.hpp"
#include "base/text.hpp"
#include "client/arguments.hpp"
#include "client/commands.hpp"
#include "client/context.hpp"
#include "client/named_key.hpp"
#include "client/words.hpp"
#include "config/keys.hpp"
#include "import/import.hpp"
#include "model/reason.hpp"
#include "model/state.hpp"

namespace zinit {

namespace {

// How long to wait for the server: a user has pressed Tab and waits.
constexpr Milliseconds kCompletionPatience{1000};

constexpr std::array<std::string_view, 9> kRehearsed = {
    "start", "stop", "restart", "isolate", "start-all", "stop-all", "shutdown", "boot", "fail"};

/// Whether a template's name may stand there, alone or as the beginning of an instance's name.
bool takes_templates(Completes what) {
  return what == Completes::startable || what == Completes::files_of_services;
}

/// Whether a service fits the argument. For example, a running service need not be started.
bool fits(const ServiceStatus& status, Completes what) {
  switch (what) {
    case Completes::startable: return status.state != "running" && status.state != "starting";
    case Completes::active: return !is_at_rest(status);
    case Completes::targets: return status.kind == "target";
    default: return true;
  }
}

class Completion {
 public:
  Completion(std::vector<std::string> words, Printer& printer)
      : printer_(printer), before_(split_options(words)) {
    if (!words.empty()) {
      current_ = std::move(words.back());
      words.pop_back();
    }
    words_ = std::move(words);
  }

  void run() {
    find_verb_of_line();
    if (!contains(given_, "--")) {  // what follows is no option
      if (const OptionRow* option = option_before(); option != nullptr) return values_of(*option);
      if (current_.starts_with('-')) return options();
    }
    if (verb_ != nullptr) return helps_ ? void() : arguments();
    family_.empty() ? verb_names() : second_words();
  }

 private:
  void add(std::string_view word, std::string_view help = {}) {
    if (!word.starts_with(current_)) return;
    printer_.out(
        fmt::format("{}{}{}{}\n", before_, printable(word), help.empty() ? "" : "\t", help));
  }

  template <class Words>
  void add_all(const Words& words) {
    for (const auto& word : words) add(word);
  }

  /// The shell completes names of files and of commands itself.
  void add_files() { printer_.out(":files\n"); }
  void add_commands() { printer_.out(":commands\n"); }

  void find_verb_of_line() {
    std::size_t at = find_verb_word(words_);
    if (at == words_.size()) return;
    if (words_[at] == "help") {
      helps_ = true;
      words_.erase(words_.begin() + static_cast<std::ptrdiff_t>(at));
      return find_verb_of_line();
    }
    std::string name = words_[at];
    if (!verbs_of_family(name).empty()) {
      family_ = name;
      const std::span<const std::string> rest = std::span(words_).subspan(at + 1);
      const std::size_t second = find_verb_word(rest);
      if (second == rest.size()) return;
      name += " " + rest[second];
      at += 1 + second;
    }
    verb_ = find_verb(name);
    unknown_ = verb_ == nullptr;
    given_.assign(words_.begin() + static_cast<std::ptrdiff_t>(at) + 1, words_.end());
  }

  [[nodiscard]] std::vector<OptionRow> options_here() const {
    std::vector<OptionRow> all(global_options().begin(), global_options().end());
    if (verb_ != nullptr) all.insert(all.end(), verb_->options.begin(), verb_->options.end());
    return all;
  }

  /// The option whose value is under the cursor, or null.
  [[nodiscard]] const OptionRow* option_before() {
    options_ = options_here();
    if (words_.empty()) return nullptr;
    for (const OptionRow& option : options_) {
      const auto names = split(option.names, ',');
      if (!option.value.empty() && contains(names, words_.back())) return &option;
    }
    return nullptr;
  }

  void options() {
    for (const OptionRow& option : options_)
      for (const std::string_view name : split(option.names, ',')) add(name, option.help);
  }

  void values_of(const OptionRow& option) {
    const std::string_view what = option.value;
    constexpr std::array<std::string_view, 4> goals = {"running", "exited", "failed", "stopped"};
    constexpr std::array<std::string_view, 2> classes = {"user", "system"};
    constexpr std::array<std::string_view, 4> streams = {"stdout", "stderr", "zinit", "syslog"};
    constexpr std::array<std::string_view, 4> counts = {"all", "10", "100", "1000"};
    constexpr std::array<std::string_view, 8> times = {
        "minutely", "hourly", "daily", "weekly", "monthly", "quarterly", "semiannually", "yearly"};
    if (what == "PATH" || what == "DIR" || what == "FILE") return add_files();
    if (option.names == "--for") return add_all(goals);
    if (what == "STATE") return states();
    if (what == "CLASS") return add_all(classes);
    if (what == "KIND") return add_all(foreign_kinds());
    if (what == "STREAM") return add_all(streams);
    if (what == "SIGNAL") return signals();
    if (what == "NAME") return services(Completes::services);
    if (what == "N") return add_all(counts);
    if (what == "EXPR") return add_all(times);
  }

  void states() {
    for (const StateInfo& info : kStates) add(info.name);
    for (const std::string_view word : {"stopped", "done", "disabled", "masked"}) add(word);
  }

  void signals() {
    for (int number = 1; number < 32; ++number) add(signal_name(number));
  }

  void verb_names() {
    if (unknown_) return;
    std::string_view last;
    for (const VerbRow& verb : verbs()) {
      const std::string_view word = verb.name.substr(0, verb.name.find(' '));
      if (word != last) add(word, verb.help);
      last = word;
    }
  }

  void second_words() {
    if (unknown_) return;
    for (const std::string_view word : verbs_of_family(family_))
      add(word, find_verb(fmt::format("{} {}", family_, word))->help);
  }

  void arguments() {
    const auto count = std::ranges::count_if(
        given_, [](const std::string& word) { return !word.starts_with('-'); });
    if (verb_->most() >= 0 && count >= verb_->most()) return;
    if (verb_->name == "kill" && count >= 1) signals();
    if (verb_->name == "rehearse" && count == 0) return add_all(kRehearsed);
    if (verb_->name == "logs") {
      add("zinit", "the server's own log");
      add("syslog", "messages to /dev/log that belong to no service");
    }
    switch (verb_->completes) {
      case Completes::nothing: return;
      case Completes::files: return add_files();
      case Completes::keys: return keys();
      case Completes::settings: return settings();
      case Completes::proxies: return add_all(server().proxies());
      default: return services(verb_->completes);
    }
  }

  void keys() {
    for (const Key& key : all_keys()) {
      add(full_name(key), key.help);
      // A key may stand without its section. All of them at once would say everything twice.
      if (!current_.empty() && full_name(key) != key.name) add(key.name, key.help);
    }
  }

  /// KEY=VALUE of a service, and after -- a command. A table's key takes KEY.NAME=VALUE.
  void settings() {
    if (contains(given_, "--"))
      return given_.back() == "--" && !contains(current_, '/') ? add_commands() : add_files();
    const std::size_t equals = current_.find('=');
    if (equals != std::string::npos) return setting_values(current_.substr(0, equals));
    for (const Key& key : all_keys()) {
      if (!is_setting(key)) continue;
      const char* const end = key.type == Type::strings ? "." : "=";
      const auto named = named_key(std::string(key.name));
      add(full_name(key) + end, key.help);
      // As for `explain`. Several sections may have a key of this name, which then needs its own.
      if (!current_.empty() && named && *named == &key) add(std::string(key.name) + end, key.help);
    }
  }

  /// Whether `run` takes the key: its command is `exec`, and --name its name.
  static bool is_setting(const Key& key) {
    constexpr std::array<std::string_view, 3> others = {"", "target", "proxy"};
    return !contains(others, key.section) && full_name(key) != "service.exec" &&
           full_name(key) != "service.name";
  }

  void setting_values(const std::string& name) {
    constexpr std::array<std::string_view, 2> flags = {"true", "false"};
    const auto key = named_key(name);
    if (!key) return;
    const bool flag = (*key)->type == Type::boolean || (*key)->type == Type::flag_or_word;
    for (const std::string_view word :
         flag ? std::span(flags) : std::span<const std::string_view>())
      add(fmt::format("{}={}", name, word));
    for (const std::string_view word : (*key)->words) add(fmt::format("{}={}", name, word));
  }

  void services(Completes what) {
    Client client = server();
    for (const ServiceStatus& status : client.list_full({"name", "state", "kind", "description"})) {
      if (!fits(status, what)) continue;
      if (!contains(given_, status.name)) add(status.name, printable(status.description));
    }
    if (!takes_templates(what)) return;
    const SystemInfo info = client.info();
    for (const std::string& name : info.files.templates) add(name, "a template: NAME@INSTANCE");
  }

  /// The server that the line names.
  [[nodiscard]] Client server() const {
    std::string path;
    for (std::size_t i = 0; i + 1 < words_.size(); ++i)
      if (words_[i] == "--socket") path = words_[i + 1];
    Client client = connect_server(path, false, kCompletionPatience);
    client.set_timeout(kCompletionPatience);
    return client;
  }

  Printer& printer_;
  std::string before_;              // what stands before `current_` in its word: "--OPTION="
  std::vector<std::string> words_;  // before the cursor, without the program's name
  std::string current_;             // under the cursor
  const VerbRow* verb_ = nullptr;
  std::string family_;
  bool helps_ = false;              // `help` stands before the verb
  bool unknown_ = false;            // the word in the verb's place is not a verb
  std::vector<std::string> given_;  // after the verb
  std::vector<OptionRow> options_;
};

}  // namespace

std::string split_options(std::vector<std::string>& words) {
  std::string before;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t end = words[i].find('=') + 1;
    if (!words[i].starts_with("--") || end == 0) continue;
    before = i + 1 == words.size() ? words[i].substr(0, end) : "";
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words[i].substr(end));
    words[i++].erase(end - 1);
  }
  return before;
}

int complete(std::vector<std::string> words, Printer& printer) {
  try {
    Completion(std::move(words), printer).run();
  } catch (const ClientError&) {
    // Without a server there are no names, and a command line is no place for errors.
  }
  (void)printer.flush();  // if the shell has gone, nobody needs the output
  return ExitStatus::done;
}

}  // namespace zinit
