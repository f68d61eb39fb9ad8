// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: 2026 the zinit authors
// What services do in answer to requests, ends of processes and reloads, according to behaviour.md,
// in golden files. To add a dialog, write its commands, and the file again: ZINIT_TEST_REWRITE=1.
//
//     == NAME
//     > load CLAUSES      a world of services that are down (Specs in fake_world.hpp)
//     > life NAME WORDS   how the later processes of NAME live; `*`: those of all other services
//     > start NAME        or another event (Dialog::act); then everything that follows from it
//     > exit NAME CODE at once    an event, and only what follows without passing of time
//     > wait MS           lets time pass; `> settle` as much as is needed
//     > why NAME          or another look (Dialog::look); `> ends`: the processes that were killed
//                         after the last event, in order
//
// Below an event are its effects on others, and the services: a state, `...` if it has not settled,
// how often its main process was spawned if more than once, the reason. No order of simultaneous
// steps may change any of it.
#include "model/fake_world.hpp"
#include "model/predicates.hpp"
#include "model/why.hpp"
#include "support/test.hpp"

namespace zinit::test::model_dialogs {
namespace {

using Words = std::istringstream;

std::string word_of(Words& words) {
  std::string word;
  words >> word;
  return word;
}

Milliseconds time_of(Words& words) { return Milliseconds(std::stoll(word_of(words))); }

const std::map<std::string, bool Life::*> kMarks = {{"never_ready", &Life::never_ready},
                                                    {"ignores_stop", &Life::ignores_stop},
                                                    {"unkillable", &Life::unkillable}};

Life life_of(Words& words) {
  Life life;
  for (std::string word; words >> word;) {
    if (word == "ends") {
      life.ends = true;
      life.lasts = time_of(words);
      life.end.value = std::stoi(word_of(words));
    } else if (word == "dies_in") {
      life.dies_in = time_of(words);
    } else if (word == "spawn_takes") {
      life.spawn_takes = time_of(words);
    } else if (kMarks.contains(word)) {
      life.*kMarks.at(word) = true;
    } else if (word == "unmet") {
      life.launch = {LaunchOutcome::Kind::unmet, {ReasonType::condition, 0, "path_exists", {}}};
    } else if (word == "no_program") {
      life.launch = {LaunchOutcome::Kind::failed, {ReasonType::spawn_error, 0, "no such file", {}}};
    } else {
      throw std::invalid_argument("no such life: " + word);
    }
  }
  return life;
}

class Dialog {
 public:
  explicit Dialog(std::uint64_t seed) : seed_(seed) {}

  std::string answer(std::string command) {
    static constexpr std::string_view kAtOnce = " at once";
    const bool at_once = command.ends_with(kAtOnce);
    if (at_once) command.resize(command.size() - kAtOnce.size());
    Words words(command);
    const std::string verb = word_of(words);
    words >> std::ws;
    if (verb == "load") {
      load(Specs(command.substr(verb.size())));
      return {};
    }
    if (verb == "life") {
      const std::string name = word_of(words);
      lives_[name] = life_of(words);
      return {};
    }
    if (auto seen = look(verb, words)) return *seen;
    seen_ = w().trace().size();
    std::string text = verb == "reload" ? reload(Specs(command.substr(verb.size())))
                                        : act(verb, word_of(words), words);
    if (!at_once && verb != "wait" && !w().settle()) text += "no end of steps\n";
    for (const std::string& fault : w().faults()) text += "FAULT " + fault + "\n";
    return text + states();
  }

 private:
  FakeWorld& w() { return *world_; }

  void load(const Specs& specs) {
    world_.emplace(specs, seed_);
    lives_.clear();
    w().life = [this](const std::string& name, int) {
      return lives_.contains(name) ? lives_[name] : lives_["*"];
    };
  }

  /// The effects of an event on other services.
  std::string act(const std::string& verb, const std::string& name, Words& words) {
    if (verb == "start") return told(w().start(name));
    if (verb == "stop") return told(w().stop(name));
    if (verb == "restart") return told(w().restart(name));
    if (verb == "isolate") {
      const Isolation done = w().isolate(name);
      return listed("started", done.started) + listed("stopped", done.stopped);
    }
    if (verb == "stop-and-start") {  // it takes no step between the two
      (void)request_stop(w().world, w().slot(name));
      return told(w().start(name));
    }
    if (verb == "start-all") {
      const Bulk bulk = request_start_all(w().world);
      Slots skipped;
      for (const auto& each : bulk.skipped) skipped.push_back(each.slot);
      return listed("done", bulk.done) + listed("skipped", skipped);
    }
    bool changes = true;
    const Slot slot = w().slot(name);
    if (verb == "exit")
      w().exit(name, std::stoi(word_of(words)));
    else if (verb == "unhealthy")
      changes = w().unhealthy(name);
    else if (verb == "bite")
      changes = w().bite(name);
    else if (verb == "ready")
      changes = w().check(slot, CheckKind::readiness);
    else if (verb == "healthy")
      changes = w().check(slot, CheckKind::health);
    else if (verb == "probe-fails")
      changes = probe_failed(w().world, slot, 3, word_of(words));
    else if (verb == "extend")
      changes = extend_deadline(w().world, slot, time_of(words), w().now);
    else if (verb == "hurry")
      (void)limit_stops(w().world, Milliseconds(std::stoll(name)), w().now);
    else if (verb == "wait")
      w().advance(Milliseconds(std::stoll(name)));
    else if (verb == "boot")
      w().boot();
    else if (verb == "shutdown")
      w().shutdown();
    else if (verb != "settle")
      throw std::invalid_argument("no such event: " + verb);
    return changes ? "" : "changes nothing\n";
  }

  /// What a look at the world shows; nothing if `verb` is not one.
  std::optional<std::string> look(const std::string& verb, Words& words) {
    std::string text;
    if (verb == "ends") {
      for (std::size_t i = seen_; i < w().trace().size(); ++i)
        if (w().trace()[i].find(" killed by ") != std::string::npos) text += w().trace()[i] + "\n";
      return text;
    }
    for (std::string name; (verb == "why" || verb == "show" || verb == "times") && words >> name;) {
      const Slot slot = w().slot(name);
      if (verb == "why") text += why_text(slot);
      if (verb == "show") text += shown(slot);
      if (verb == "times") text += times(w().record(name));
    }
    return text.empty() ? std::nullopt : std::optional(text);
  }

  std::string reload(const Specs& specs) {
    static constexpr const char* kFates[] = {"unchanged", "added", "settings", "restart",
                                             "kept",      "waits", "removed"};
    std::string text;
    for (const PlannedService& planned : w().reload(specs).services)
      if (planned.fate != PlannedService::Fate::unchanged)
        text += (text.empty() ? "" : ", ") + planned.name + " " +
                kFates[static_cast<int>(planned.fate)];
    return text + (text.empty() ? "" : "\n");
  }

  std::string listed(const char* what, const Slots& slots) {
    std::string text;
    for (const Slot slot : slots) text += " " + w().world.graph->name(slot);
    return text.empty() ? text : what + (":" + text) + "\n";
  }

  std::string told(const Requested& done) {
    return listed("started", done.started) + listed("stopped", done.stopped) +
           listed("restarted", done.restarted) + listed("left", done.left);
  }

  std::string states() {
    std::string text;
    for (const Slot slot : w().world.graph->order()) {
      const Record& record = w().world.record(slot);
      const std::string& name = w().world.graph->name(slot);
      text += (text.empty() ? "" : ", ") + name + " " + std::string(state_name(record.state));
      if (!settled(w().world, slot, w().now)) text += "...";
      if (record.state == State::running && w().world.spec(slot).accepts() &&
          record.process == Process::none)
        text += " without a process";
      if (w().spawns(name) > 1) text += " x" + std::to_string(w().spawns(name));
      if (w().world.node(slot).removed) text += " (removed)";
      if (record.reason) text += " (" + reason_text(record.reason) + ")";
    }
    return text + "\n";
  }

  std::string why_text(Slot slot) {
    std::string text;
    for (const WhyReason& reason : why(w().world, slot, w().now).reasons)
      text += std::string(2 * static_cast<std::size_t>(reason.depth), ' ') + reason.kind + " " +
              reason.service + ": " + reason.detail + "; root cause " + reason.root_cause + "\n";
    return text.empty() ? "nothing\n" : text;
  }

  /// A service's place in the graph, and the messages about it.
  std::string shown(Slot slot) {
    const Node& node = w().world.node(slot);
    std::string text = node.spec->name + ":";
    const std::pair<const char*, const SlotList&> edges[] = {{"requires", node.requires_},
                                                          {"after", node.after},
                                                          {"wants", node.wants},
                                                          {"conflicts", node.conflicts},
                                                          {"required_by", node.required_by},
                                                          {"ordered_before", node.ordered_before},
                                                          {"wanted_by", node.wanted_by},
                                                          {"binds_to", node.binds_to}};
    for (const auto& [kind, slots] : edges)
      for (const Slot to : slots)
        text += std::string(" ") + kind + (node.adds(to, kind) ? " (added) " : " ") +
                w().world.graph->name(to);
    for (const std::string& name : *node.missing) text += " missing " + name;
    for (const std::string& name : *node.unknown) text += " unknown " + name;
    for (const auto* messages :
         {&*node.faults, &node.spec->findings->errors, &node.spec->findings->warnings})
      for (const std::string& message : *messages) text += "\n  " + message;
    return text + "\n";
  }

  std::string times(const Record& record) {
    const auto from_now = [&](TimePoint time) {
      return time == kNever ? "never" : std::to_string((time - w().now) / 1ms) + " ms";
    };
    return "deadline " + from_now(record.deadline) + ", delay " +
           from_now(std::max(record.delay_until, w().now)) + "\n";
  }

  const std::uint64_t seed_;
  std::optional<FakeWorld> world_;
  std::map<std::string, Life> lives_;
  std::size_t seen_ = 0;  // of the trace, before the last event
};

/// The dialogs of a golden file with what they show now.
std::string played(const std::string& dialogs, std::uint64_t seed) {
  std::istringstream lines(dialogs);
  std::string text;
  Dialog dialog(seed);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("== ") || line.starts_with("#")) text += line + "\n";
    if (line.starts_with("> ")) text += line + "\n" + dialog.answer(line.substr(2));
  }
  return text;
}

void check_dialogs(const std::string& name) {
  const std::string dialogs = golden_text(name, __FILE__);
  CHECK_GOLDEN(played(dialogs, 1), name);
  for (std::uint64_t seed = 2; seed < 6; ++seed)
    CHECK(first_difference(played(dialogs, 1), played(dialogs, seed)) == "");
}

TEST_CASE("requests, conflicts and failures do to others what behaviour.md says", "[deps][why]") {
  check_dialogs("requests");
}

TEST_CASE("restart delays, timeouts and limits hold", "[restart][timeouts]") {
  check_dialogs("restarts");
}

TEST_CASE("readiness, health and signs of life count for their process alone", "[checks]") {
  check_dialogs("checks");
}

TEST_CASE("bound and unneeded services stop with others", "[bound][unneeded]") {
  check_dialogs("bound");
}

TEST_CASE("faults in a graph are refused where they are", "[graph]") { check_dialogs("graph"); }

TEST_CASE("a reload does what the files say, and disturbs nobody else", "[plan]") {
  check_dialogs("reloads");
}

TEST_CASE("sockets start services, and isolate stops them", "[request][socket][isolate]") {
  check_dialogs("sockets");
}

}  // namespace
}  // namespace zinit::test::model_dialogs
