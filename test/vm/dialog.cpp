// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// Reads a dialog line by line: a line that is not indented begins an entry.
#include "vm/dialog.hpp"
#include "vm/machine.hpp"

#include "base/format.hpp"

namespace zinit::vm {
namespace {

/// A line of a dialog with the indented lines below it, which are not indented here.
struct Entry {
  std::string line, below;
};

std::vector<Entry> entries_of(const std::string& dialog) {
  std::vector<Entry> entries;
  std::istringstream lines(dialog);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  ") && !entries.empty())
      entries.back().below += line.substr(2) + "\n";
    else
      entries.push_back({line, {}});
  }
  return entries;
}

/// The dialog of that name, in the golden file of a source, and what is before and after it there.
struct Dialogs {
  Dialogs(const std::string& name, const std::string& source)
      : file(std::filesystem::path(source).stem()), before(golden_text(file, source)) {
    const std::string head = "== " + name + "\n";
    const std::size_t begin = ("\n" + before).find("\n" + head);
    if (begin == before.npos) throw std::runtime_error(file + ".golden has no dialog " + name);
    one = before.substr(begin + head.size());
    before.resize(begin + head.size());
    const std::size_t end = ("\n" + one).find("\n== ");
    if (end == one.npos) return;
    after = one.substr(end);
    one.resize(end);
  }

  std::string file, before, one, after;
};

std::string indented(const std::string& text) {
  std::string all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) all += "  " + line + "\n";
  return all;
}

/// Whether the output is the expected one, in which `...` stands for any text.
bool fits(const std::string& output, std::string_view expected) {
  static constexpr std::string_view kAny = "...";
  std::size_t at = 0;
  for (bool first = true;; first = false) {
    const std::size_t end = expected.find(kAny);
    const std::string_view piece = expected.substr(0, end);
    if (end == expected.npos && !first)
      return output.size() >= at + piece.size() && output.ends_with(piece);
    const std::size_t found = output.find(piece, at);
    if (found == output.npos || (first && found != 0)) return false;
    at = found + piece.size();
    if (end == expected.npos) return at == output.size();
    expected.remove_prefix(end + kAny.size());
  }
}

/// The output without pids and spans of time, and without the kernel's lines on a console, which
/// may begin in the middle of another line.
std::string masked(const std::string& output) {
  static const std::regex numbers("(pid|pids|after) ([0-9.]+ (ms|s|min)|[0-9]+)");
  static const std::regex kernel("\\[ *[0-9]+\\.[0-9]{6}\\] [^\n]*\n");
  return std::regex_replace(std::regex_replace(output, kernel, ""), numbers, "$1 ~");
}

/// The output of a command, until it is the expected one. It goes through a file, for programs that
/// write to a terminal in another way.
std::string output_of(Terminal& shell, const std::string& command, const std::string& expected,
                      bool repeated) {
  constexpr Milliseconds kPause{125}, kLongestPause{1000};  // asking costs an emulated machine much
  std::string output;
  const auto once = [&] {
    const Answer answer = shell.run_here(fmt::format(
        "{{ {}\n}} >/run/said 2>&1; said=$?; cat /run/said; [ $said = 0 ] || echo \"[$said]\"",
        command));
    output = masked(answer.output);
    return !repeated || fits(output, expected);
  };
  const bool unknown = test::rewrites_golden_files() && expected.empty();
  test::becomes_true(once, unknown ? Milliseconds(1000) : kPatience, kLongestPause, kPause);
  return fits(output, expected) ? expected : output;
}

void act(Vm& machine, const std::string& what) {
  if (what == "log in") return machine.log_in();
  if (what == "ctrl-s") return machine.console().send("\x13");
  if (what == "ctrl-alt-del") return machine.press_ctrl_alt_del();
  if (what == "power-button") return machine.press_power_button();
  if (what != "end") throw std::runtime_error("unknown in a dialog: * " + what);
  CHECK(machine.wait_for_end() == 0);
}

/// Carries out one entry. @return  what it is followed by
std::string play_one(Vm& machine, const Entry& entry) {
  const std::string& line = entry.line;
  const std::string rest = line.find(' ') < line.size() ? line.substr(line.find(' ') + 1) : "";
  const std::string mark = line.substr(0, line.find(' '));
  Terminal& terminal = mark.starts_with('$') ? machine.shell() : machine.console();
  if (mark == "$" || mark == "#" || mark == "$~" || mark == "#~")
    return output_of(terminal, rest, entry.below, mark.size() > 1);
  if (mark == "<" || mark == "$<")
    terminal.wait_for(rest.empty() ? "# " : rest);
  else if (mark == ">" || mark == "$>")
    terminal.send(rest + "\n");
  else if (mark == "*")
    act(machine, rest);
  else if (!mark.empty() && mark != "--" && mark != "@")
    throw std::runtime_error("unknown in a dialog: " + line);
  return entry.below;
}

}  // namespace

std::vector<File> files_in(const std::string& name, std::vector<File> more,
                           const std::string& source) {
  for (const Entry& entry : entries_of(Dialogs(name, source).one)) {
    if (!entry.line.starts_with("@ ")) continue;
    const mode_t mode = entry.below.starts_with("#!") ? 0755 : 0644;
    more.push_back({entry.line.substr(2), entry.below, mode});
  }
  return more;
}

void play(const std::string& name, VmOptions options, const std::string& source) {
  options.files = files_in(name, std::move(options.files), source);
  options.shell = options.disks.empty();
  Vm machine(options);
  play(machine, name, source);
}

void play(Vm& machine, const std::string& name, const std::string& source) {
  const Dialogs dialogs(name, source);
  std::string went, step;
  for (const Entry& entry : entries_of(dialogs.one)) {
    if (entry.line.starts_with("-- ")) step = entry.line;
    INFO(step << "\n" << entry.line);
    const std::string below = play_one(machine, entry);
    went += entry.line + "\n" + indented(below);
    if (below != entry.below && !test::rewrites_golden_files()) break;
  }
  CHECK(golden_difference(dialogs.before + went + dialogs.after, dialogs.file, source) == "");
}

}  // namespace zinit::vm
